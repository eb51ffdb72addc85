import type { AttributeValue } from './spans.model.ts';

type Message = { role: string; content?: unknown; parts?: unknown };

const longest = 1000;
/** Where the messages of a conversation stand, in what is sent to and comes from the usual chat interfaces. */
const messageKeys = ['messages', 'input', 'output'];

/**
 * The first characters of what went into a trace or came out of it: of a conversation the last message of that side, a text
 * as it is, anything else as JSON.
 */
export function preview(value: AttributeValue | undefined, side: 'user' | 'assistant'): string | undefined {
  if (value === undefined || value === null) return undefined;
  const whole = textOf(lastOf(messagesOf(value), side)) || (typeof value === 'string' ? value : json(value));
  return whole.length > longest ? `${whole.slice(0, longest - 3).toWellFormed()}...` : whole;
}

function json(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
}

function messagesOf(value: unknown): Message[] {
  if (Array.isArray(value)) return value.every(isMessage) ? value : [];
  if (!isObject(value)) return [];
  for (const key of messageKeys) {
    const list = value[key];
    if (Array.isArray(list) && list.length > 0) return list.filter(isMessage);
  }
  const { choices, request } = value;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  if (isObject(choice) && isMessage(choice.message)) return [choice.message];
  return isObject(request) ? messagesOf(request) : [];
}

const lastOf = (messages: readonly Message[], side: string) =>
  messages.findLast(({ role }) => role === side) ?? messages.at(-1);

/** What a message says: its content, or the first of its parts that is a text. */
function textOf(message: Message | undefined): string {
  const content = message?.content ?? message?.parts;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  for (const part of content as unknown[]) {
    if (typeof part === 'string') return part;
    if (!isObject(part) || (part.type !== 'text' && part.type !== 'output_text')) continue;
    const text = part.text ?? part.content;
    if (typeof text === 'string') return text;
  }
  return '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMessage(value: unknown): value is Message {
  return isObject(value) && typeof value.role === 'string' && ('content' in value || 'parts' in value);
}
