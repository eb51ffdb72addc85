import { pipelinesError } from '../pipelines.contract.ts';

/** A parsed expression. Names are looked up in the contexts that the evaluator is given, and nowhere else. */
export type Expression =
  | { kind: 'literal'; value: null | boolean | number | string }
  | { kind: 'name'; name: string }
  | { kind: 'member'; of: Expression; key: Expression }
  | { kind: 'not'; of: Expression }
  | { kind: 'binary'; operator: Operator; left: Expression; right: Expression }
  | { kind: 'call'; name: string; args: Expression[] };

export type Operator = '||' | '&&' | '==' | '!=' | '<' | '<=' | '>' | '>=';

type Token = { kind: 'number' | 'string' | 'name' | 'symbol' | 'end'; text: string; at: number };

const tokenPattern =
  /\s*(?:(?<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|'(?<string>(?:[^']|'')*)'|(?<name>[A-Za-z_][A-Za-z0-9_-]*)|(?<symbol>\|\||&&|==|!=|<=|>=|[<>!().,[\]]))/y;

const longest = 4000;
const deepest = 50;

const levels: readonly (readonly Operator[])[] = [['||'], ['&&'], ['==', '!='], ['<', '<=', '>', '>=']];

/**
 * Parses the inside of `${{ }}`: literals (`null true false 1.5 'text'`, a quote doubled inside), names,
 * `a.b` and `a['b']`, `! && || == != < <= > >=`, brackets and calls. Raises pipelines.expression.invalid.
 */
export function parseExpression(source: string): Expression {
  if (source.length > longest) throw failure(source, 'is too long');
  const tokens = tokenize(source);
  let position = 0;
  let depth = 0;
  const peek = () => tokens[position];
  const take = (text?: string): Token => {
    const token = tokens[position];
    if (text !== undefined && (token.kind !== 'symbol' || token.text !== text)) {
      throw failure(source, `misses "${text}" at character ${token.at + 1}`);
    }
    position++;
    return token;
  };
  const isNext = (text: string) => peek().kind === 'symbol' && peek().text === text;

  function binary(level: number): Expression {
    if (level === levels.length) return unary();
    let left = binary(level + 1);
    for (;;) {
      const operator = levels[level].find((candidate) => isNext(candidate));
      if (!operator) return left;
      take();
      left = { kind: 'binary', operator, left, right: binary(level + 1) };
    }
  }

  function unary(): Expression {
    if (++depth > deepest) throw failure(source, 'is nested too deeply');
    try {
      if (!isNext('!')) return postfix(primary());
      take('!');
      return { kind: 'not', of: unary() };
    } finally {
      depth--;
    }
  }

  function postfix(of: Expression): Expression {
    let expression = of;
    for (;;) {
      if (isNext('.')) {
        take('.');
        const key = take();
        if (key.kind !== 'name') throw failure(source, `misses a name at character ${key.at + 1}`);
        expression = { kind: 'member', of: expression, key: { kind: 'literal', value: key.text } };
      } else if (isNext('[')) {
        take('[');
        expression = { kind: 'member', of: expression, key: binary(0) };
        take(']');
      } else return expression;
    }
  }

  function primary(): Expression {
    const token = take();
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.kind === 'string') return { kind: 'literal', value: token.text.replaceAll("''", "'") };
    if (token.kind === 'symbol' && token.text === '(') {
      const inner = binary(0);
      take(')');
      return inner;
    }
    if (token.kind !== 'name') {
      throw failure(
        source,
        token.kind === 'end' ? 'ends too early' : `cannot have "${token.text}" at character ${token.at + 1}`,
      );
    }
    if (isNext('(')) return { kind: 'call', name: token.text, args: callArguments() };
    const words: Record<string, null | boolean> = { null: null, true: true, false: false };
    return Object.hasOwn(words, token.text)
      ? { kind: 'literal', value: words[token.text] }
      : { kind: 'name', name: token.text };
  }

  function callArguments(): Expression[] {
    take('(');
    const args: Expression[] = [];
    while (!isNext(')')) {
      if (args.length > 0) take(',');
      args.push(binary(0));
    }
    take(')');
    return args;
  }

  const expression = binary(0);
  const rest = peek();
  if (rest.kind !== 'end') throw failure(source, `cannot have "${rest.text}" at character ${rest.at + 1}`);
  return expression;
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const text = source.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex;
    const groups = tokenPattern.exec(text)?.groups;
    if (!groups) throw failure(source, `cannot be read from character ${at + 1}`);
    const [kind, value] = Object.entries(groups).find(([, value]) => value !== undefined) ?? ['end', ''];
    tokens.push({ kind: kind as Token['kind'], text: value, at });
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

function failure(source: string, what: string): Error {
  return pipelinesError(
    'pipelines.expression.invalid',
    `The expression "${source.trim().slice(0, 120)}" ${what}.`,
  );
}

/** A text cut into what stands outside and inside of `${{ }}`. */
export type TemplatePart = { text: string } | { source: string; expression: Expression };

/** Cuts a text at its `${{ }}`; quotes inside may hold brackets. Raises pipelines.expression.invalid. */
export function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let position = 0;
  for (;;) {
    const open = text.indexOf('${{', position);
    if (open < 0) break;
    if (open > position) parts.push({ text: text.slice(position, open) });
    const close = closingBrackets(text, open + 3);
    if (close < 0) throw failure(text.slice(open), 'misses its closing "}}"');
    const source = text.slice(open + 3, close);
    parts.push({ source, expression: parseExpression(source) });
    position = close + 2;
  }
  if (position < text.length) parts.push({ text: text.slice(position) });
  return parts;
}

function closingBrackets(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted;
    else if (!quoted && text[i] === '}' && text[i + 1] === '}') return i;
  }
  return -1;
}
