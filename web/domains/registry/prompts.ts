import type { Json, Model, ModelVersion } from '../../api/types.ts';

/** Clients keep prompts as models with this tag and their text as a tag of the version. */
export function isPrompt(model: Model): boolean {
  return model.tags['mlflow.prompt.is_prompt'] === 'true';
}

/** The text of a prompt; of a chat its messages, one below the other. */
export function promptText(version: ModelVersion): string {
  const text = version.tags['mlflow.prompt.text'] ?? '';
  if (version.tags._mlflow_prompt_type !== 'chat') return text;
  try {
    const messages = JSON.parse(text) as Json;
    if (!Array.isArray(messages)) return text;
    return messages
      .map((message) => {
        const { role, content } = message as { role?: Json; content?: Json };
        return `${String(role)}:\n${typeof content === 'string' ? content : JSON.stringify(content, null, 2)}`;
      })
      .join('\n\n');
  } catch {
    return text;
  }
}

/** The names between double braces, in the order in which they first stand. */
export function promptVariables(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{\s*([\w.]+)\s*\}\}/g)].map((match) => match[1] ?? ''))];
}

export type DiffLine = { kind: 'same' | 'removed' | 'added'; text: string };

/** Longer texts are compared from where they first differ to where they last do, as a whole. */
const MOST_CELLS = 4_000_000;

/** What turns one text into the other, line by line, by a longest common subsequence. */
export function diffLines(before: string, after: string): DiffLine[] {
  const left = before.split('\n');
  const right = after.split('\n');
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1;
  let tail = 0;
  while (
    tail < Math.min(left.length, right.length) - head &&
    left[left.length - 1 - tail] === right[right.length - 1 - tail]
  ) {
    tail += 1;
  }
  const same = (lines: string[]) => lines.map((text): DiffLine => ({ kind: 'same', text }));
  return [
    ...same(left.slice(0, head)),
    ...middle(left.slice(head, left.length - tail), right.slice(head, right.length - tail)),
    ...same(left.slice(left.length - tail)),
  ];
}

function middle(left: string[], right: string[]): DiffLine[] {
  const removed = (text: string): DiffLine => ({ kind: 'removed', text });
  const added = (text: string): DiffLine => ({ kind: 'added', text });
  if (left.length * right.length > MOST_CELLS) return [...left.map(removed), ...right.map(added)];
  const width = right.length + 1;
  // Length of the longest common subsequence of what follows each pair of places.
  const common = new Uint32Array((left.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      common[row * width + column] =
        left[row] === right[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: DiffLine[] = [];
  let row = 0;
  let column = 0;
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      lines.push({ kind: 'same', text: left[row] ?? '' });
      row += 1;
      column += 1;
    } else if (row < left.length && (column >= right.length || at(row + 1, column) >= at(row, column + 1))) {
      lines.push(removed(left[row] ?? ''));
      row += 1;
    } else {
      lines.push(added(right[column] ?? ''));
      column += 1;
    }
  }
  return lines;
}
