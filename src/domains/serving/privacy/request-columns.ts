/** One column of a recorded request: its name as JSON, and its values as a JSON list. */
export type RequestColumn = { name: string; head: string; values: string };

/**
 * The columns of a recorded request's JSON (`{"a":[1,2],"b":["x","y"]}`) as texts, so that what is left alone keeps all
 * its digits. Null when it has another form.
 */
export function splitColumns(inputs: string): RequestColumn[] | null {
  const columns: RequestColumn[] = [];
  let at = 1;
  if (inputs[0] !== '{' || !inputs.endsWith('}')) return null;
  while (inputs[at] !== '}') {
    if (columns.length > 0 && inputs[at++] !== ',') return null;
    const afterName = endOfString(inputs, at);
    if (inputs[afterName] !== ':') return null;
    const end = endOfList(inputs, afterName + 1);
    if (end < 0) return null;
    const head = inputs.slice(at, afterName);
    columns.push({ name: JSON.parse(head) as string, head, values: inputs.slice(afterName + 1, end) });
    at = end;
  }
  return at === inputs.length - 1 ? columns : null;
}

/** The request's JSON again; null when nothing is left. */
export function joinColumns(columns: readonly RequestColumn[]): string | null {
  if (columns.length === 0) return null;
  return `{${columns.map(({ head, values }) => `${head}:${values}`).join(',')}}`;
}

/** The place after the string that begins at `at`. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '"') return i + 1;
  }
  return -1;
}

function endOfList(text: string, at: number): number {
  if (text[at] !== '[') return -1;
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      i = endOfString(text, i) - 1;
      if (i < 0) return -1;
    } else if (character === '[' || character === '{') depth++;
    else if (character === ']' || character === '}') {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return -1;
}
