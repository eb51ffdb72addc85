import type { JsonObject } from '../../../platform/json.ts';

/** What a webhook may be told of, in the words of other tools' registries, with an example for tests. */
const examples = {
  'registered_model.created': { name: 'example_model', tags: { key: 'value' }, description: 'An example' },
  'model_version.created': {
    name: 'example_model',
    version: '1',
    source: 'models:/m-example',
    run_id: null,
    tags: { key: 'value' },
    description: 'An example',
  },
  'model_version_tag.set': { name: 'example_model', version: '1', key: 'key', value: 'value' },
  'model_version_tag.deleted': { name: 'example_model', version: '1', key: 'key' },
  'model_version_alias.created': { name: 'example_model', alias: 'champion', version: '1' },
  'model_version_alias.deleted': { name: 'example_model', alias: 'champion' },
  'prompt.created': { name: 'example_prompt', tags: { key: 'value' }, description: 'An example' },
  'prompt_version.created': {
    name: 'example_prompt',
    version: '1',
    template: 'Hello {{name}}!',
    tags: { key: 'value' },
    description: 'An example',
  },
  'prompt_tag.set': { name: 'example_prompt', key: 'key', value: 'value' },
  'prompt_tag.deleted': { name: 'example_prompt', key: 'key' },
  'prompt_version_tag.set': { name: 'example_prompt', version: '1', key: 'key', value: 'value' },
  'prompt_version_tag.deleted': { name: 'example_prompt', version: '1', key: 'key' },
  'prompt_alias.created': { name: 'example_prompt', alias: 'production', version: '1' },
  'prompt_alias.deleted': { name: 'example_prompt', alias: 'production' },
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
