import type { Attributes, AttributeValue } from './spans.model.ts';
import { costOf, figure, noUsage, parseObject, tokensOf, type Usage, writtenTokens } from './usage.model.ts';

/** What the attributes of a span say, whichever of the usual vocabularies its program speaks. */
export type Meaning = {
  type: string;
  inputs: AttributeValue | undefined;
  outputs: AttributeValue | undefined;
  model: string | null;
  provider: string | null;
  session: string | null;
  user: string | null;
  usage: Usage;
};

/** Names of the same thing in MLflow, OpenTelemetry's conventions for generative AI, OpenInference and OpenLLMetry. */
const names = {
  type: [
    'gen_ai.operation.name',
    'openinference.span.kind',
    'traceloop.span.kind',
    'langfuse.observation.type',
  ],
  inputs: [
    'mlflow.spanInputs',
    'gen_ai.input.messages',
    'gen_ai.tool.call.arguments',
    'input.value',
    'traceloop.entity.input',
    'gen_ai.prompt',
    'langfuse.observation.input',
  ],
  outputs: [
    'mlflow.spanOutputs',
    'gen_ai.output.messages',
    'gen_ai.tool.call.result',
    'output.value',
    'traceloop.entity.output',
    'gen_ai.completion',
    'langfuse.observation.output',
  ],
  model: [
    'mlflow.llm.model',
    'gen_ai.response.model',
    'gen_ai.request.model',
    'llm.model_name',
    'embedding.model_name',
  ],
  provider: ['mlflow.llm.provider', 'gen_ai.provider.name', 'gen_ai.system', 'llm.provider'],
  session: ['session.id', 'gen_ai.conversation.id'],
  user: ['user.id', 'enduser.id'],
  input_tokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt'],
  output_tokens: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.token_count.completion',
  ],
  total_tokens: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens', 'llm.token_count.total'],
  cache_read_tokens: ['gen_ai.usage.cache_read.input_tokens', 'llm.token_count.prompt_details.cache_read'],
  cache_creation_tokens: [
    'gen_ai.usage.cache_creation.input_tokens',
    'llm.token_count.prompt_details.cache_write',
  ],
} as const;

/** Words of other vocabularies for the types that clients know. */
const types: Readonly<Record<string, string>> = {
  chat: 'CHAT_MODEL',
  text_completion: 'LLM',
  generate_content: 'LLM',
  embeddings: 'EMBEDDING',
  execute_tool: 'TOOL',
  invoke_agent: 'AGENT',
  create_agent: 'AGENT',
  generation: 'LLM',
  span: 'UNKNOWN',
};

function first(attributes: Attributes, keys: readonly string[]): AttributeValue | undefined {
  const key = keys.find((one) => Object.hasOwn(attributes, one) && attributes[one] !== null);
  return key === undefined ? undefined : attributes[key];
}

/** A text as it is; also one that was put into JSON once too often. */
function text(value: AttributeValue | undefined, longest: number): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const inner = /^".*"$/s.test(value) ? unwrap(value) : value;
  return (typeof inner === 'string' ? inner : value).slice(0, longest);
}

/** The value that a JSON text holds; other texts as they are. */
function unwrap(value: AttributeValue | undefined): AttributeValue | undefined {
  if (typeof value !== 'string' || !/^\s*["[{]/.test(value)) return value;
  try {
    return JSON.parse(value) as AttributeValue;
  } catch {
    return value;
  }
}

export function meaningOf(attributes: Attributes): Meaning {
  return {
    type: typeOf(attributes),
    inputs: unwrap(first(attributes, names.inputs)),
    outputs: unwrap(first(attributes, names.outputs)),
    model: text(first(attributes, names.model), 500),
    provider: text(first(attributes, names.provider), 500),
    session: text(first(attributes, names.session), 250),
    user: text(first(attributes, names.user), 250),
    usage: usageOf(attributes),
  };
}

function typeOf(attributes: Attributes): string {
  const own = text(attributes['mlflow.spanType'], 250);
  if (own !== null) return own;
  const kind = text(first(attributes, names.type), 250);
  return kind === null ? 'UNKNOWN' : (types[kind.toLowerCase()] ?? kind.toUpperCase());
}

function usageOf(attributes: Attributes): Usage {
  const tokens = parseObject(attributes['mlflow.chat.tokenUsage']);
  const cost = parseObject(attributes['mlflow.llm.cost']);
  const usage: Usage = { ...noUsage, ...(cost && costOf(cost)) };
  if (tokens) return { ...usage, ...tokensOf(tokens) };
  const columns = [
    'input_tokens',
    'output_tokens',
    'total_tokens',
    'cache_read_tokens',
    'cache_creation_tokens',
  ] as const;
  for (const column of columns) usage[column] = figure(first(attributes, names[column]));
  if (usage.total_tokens === null && (usage.input_tokens !== null || usage.output_tokens !== null)) {
    usage.total_tokens = (usage.input_tokens ?? 0) + (usage.output_tokens ?? 0);
  }
  return usage;
}

/**
 * The attributes in the words of MLflow's clients, with what other vocabularies say put under the names that these
 * clients look for.
 */
export function forClients(traceId: string, attributes: Attributes): Attributes {
  const { type, inputs, outputs, model, provider, usage } = meaningOf(attributes);
  const tokens = writtenTokens(usage);
  return {
    'mlflow.spanType': type,
    ...(inputs !== undefined && { 'mlflow.spanInputs': inputs }),
    ...(outputs !== undefined && { 'mlflow.spanOutputs': outputs }),
    ...(model !== null && { 'mlflow.llm.model': model }),
    ...(provider !== null && { 'mlflow.llm.provider': provider }),
    ...(tokens && { 'mlflow.chat.tokenUsage': tokens }),
    ...attributes,
    'mlflow.traceRequestId': traceId,
  };
}
