import type { Json } from '../../../api/types.ts';
import { JsonView } from './json-view.tsx';

type Message = { role: string; content: Json };

/** The messages of a conversation, when that is what a value is. */
export function messagesOf(value: Json): Message[] | null {
  const list =
    Array.isArray(value) || typeof value !== 'object' || value === null ? value : (value.messages ?? null);
  if (!Array.isArray(list) || list.length === 0) return null;
  const isMessage = (one: Json) =>
    typeof one === 'object' && one !== null && !Array.isArray(one) && typeof one.role === 'string';
  return list.every(isMessage) ? (list as Message[]) : null;
}

/** A conversation as who said what. */
export function Messages({ messages }: { messages: Message[] }) {
  return (
    <div className="stack">
      {messages.map(({ role, content, ...rest }, at) => {
        // Messages have no id, and their order is fixed.
        const place = `${at} ${role}`;
        return (
          <div key={place} className="message">
            <div className="message-role">{role}</div>
            {content === null || content === undefined ? null : <JsonView value={content} />}
            {Object.keys(rest).length > 0 ? <JsonView value={rest as Json} /> : null}
          </div>
        );
      })}
    </div>
  );
}
