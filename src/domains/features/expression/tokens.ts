import { featuresError } from '../features.errors.ts';

export type Token =
  | { kind: 'number'; value: number; at: number }
  | { kind: 'string'; value: string; at: number }
  | { kind: 'name'; value: string; quoted: boolean; at: number }
  | { kind: 'symbol'; value: string; at: number }
  | { kind: 'end'; at: number };

const pattern =
  /\s+|--[^\n]*|(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<string>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")+")|(?<name>[A-Za-z_][A-Za-z0-9_]*)|(?<symbol>\|\||::|\/\/|<>|!=|<=|>=|[-+*/%()=<>,])/gy;

/** An error at a position of an expression. */
export function expressionError(text: string, at: number, message: string): Error {
  const where = at >= text.length ? 'at its end' : `at character ${at + 1}`;
  return featuresError('features.expression.invalid', `${message} (${where} of the expression).`, {
    expression: text.slice(0, 500),
    position: at,
  });
}

/** Splits an expression into tokens; the last one is always `end`. */
export function tokenize(text: string): Token[] {
  if (text.length > 4000) throw expressionError(text, 4000, 'The expression is longer than 4000 characters');
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) throw expressionError(text, at, 'This character does not belong here');
    const { number, string, quoted, name, symbol } = match.groups ?? {};
    if (number !== undefined) tokens.push({ kind: 'number', value: Number(number), at });
    else if (string !== undefined) {
      tokens.push({ kind: 'string', value: string.slice(1, -1).replaceAll("''", "'"), at });
    } else if (quoted !== undefined) {
      tokens.push({ kind: 'name', value: quoted.slice(1, -1).replaceAll('""', '"'), quoted: true, at });
    } else if (name !== undefined) tokens.push({ kind: 'name', value: name, quoted: false, at });
    else if (symbol !== undefined) tokens.push({ kind: 'symbol', value: symbol, at });
  }
  tokens.push({ kind: 'end', at: text.length });
  return tokens;
}
