import type { JsonObject } from '../../../platform/json.ts';

const tag = { key: 'example_key', value: 'example_value' } as const;
const tags = { [tag.key]: tag.value } as const;

/** What a webhook may be told of, in the words of other tools' registries, with the example that MLflow's test sends. */
const examples = {
  'registered_model.created': {
    name: 'example_model',
    tags,
    description: 'An example registered model',
  },
  'model_version.created': {
    name: 'example_model',
    version: '1',
    source: 'models:/123',
    run_id: 'abcd1234abcd5678',
    tags,
    description: 'An example model version',
  },
  'model_version_tag.set': { name: 'example_model', version: '1', ...tag },
  'model_version_tag.deleted': { name: 'example_model', version: '1', key: tag.key },
  'model_version_alias.created': { name: 'example_model', alias: 'example_alias', version: '1' },
  'model_version_alias.deleted': { name: 'example_model', alias: 'example_alias' },
  'prompt.created': { name: 'example_prompt', tags, description: 'An example prompt' },
  'prompt_version.created': {
    name: 'example_prompt',
    version: '1',
    template: 'Hello {{name}}!',
    tags,
    description: 'An example prompt version',
  },
  'prompt_tag.set': { name: 'example_prompt', ...tag },
  'prompt_tag.deleted': { name: 'example_prompt', key: tag.key },
  'prompt_version_tag.set': { name: 'example_prompt', version: '1', ...tag },
  'prompt_version_tag.deleted': { name: 'example_prompt', version: '1', key: tag.key },
  'prompt_alias.created': { name: 'example_prompt', alias: 'example_alias', version: '1' },
  'prompt_alias.deleted': { name: 'example_prompt', alias: 'example_alias' },
} as const satisfies Record<string, JsonObject>;

export type WebhookEvent = keyof typeof examples;
export const webhookEvents = Object.keys(examples) as WebhookEvent[];
export const isWebhookEvent = (text: string): text is WebhookEvent => Object.hasOwn(examples, text);

/** The body of a message: what happened to what, when, and the data. */
export function messageBody(event: WebhookEvent, time: number, data: JsonObject): string {
  const [entity, action] = event.split('.');
  return JSON.stringify({ entity, action, timestamp: new Date(time).toISOString(), data });
}

export const exampleBody = (event: WebhookEvent, time: number): string =>
  messageBody(event, time, examples[event]);
