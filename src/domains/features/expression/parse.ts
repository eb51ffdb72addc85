import type { Syntax, ValueType } from './ast.ts';
import { expressionError, type Token, tokenize } from './tokens.ts';

/** Milliseconds of the units an interval may have; months and years have no fixed length and are left out. */
const unitMilliseconds: Record<string, number> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

const comparisons = new Set(['=', '<>', '!=', '<', '<=', '>', '>=']);
const reserved = new Set(
  'and or not in is between case when then else end null true false as cast interval timestamp date'.split(
    ' ',
  ),
);
const typeNames: Record<string, ValueType | 'integer'> = {
  number: 'number',
  double: 'number',
  float: 'number',
  integer: 'integer',
  int: 'integer',
  bigint: 'integer',
  string: 'string',
  varchar: 'string',
  text: 'string',
  boolean: 'boolean',
};

/** Parses the SQL subset into syntax. Raises features.expression.invalid with the position of the fault. */
export function parseExpression(text: string): Syntax {
  const tokens = tokenize(text);
  let next = 0;
  let depth = 0;

  const peek = (): Token => tokens[next];
  const fail = (message: string): Error => expressionError(text, peek().at, message);
  const isSymbol = (value: string) => {
    const token = peek();
    return token.kind === 'symbol' && token.value === value;
  };
  const isWord = (word: string) => {
    const token = peek();
    return token.kind === 'name' && !token.quoted && token.value.toLowerCase() === word;
  };
  const symbol = (value: string) => isSymbol(value) && ++next > 0;
  const word = (value: string) => isWord(value) && ++next > 0;
  const need = (found: boolean, what: string) => {
    if (!found) throw fail(`Expected ${what}`);
  };
  const call = (name: string, at: number, ...operands: Syntax[]): Syntax => ({
    kind: 'call',
    name,
    operands,
    at,
  });
  const nested = <T>(parse: () => T): T => {
    if (++depth > 100) throw fail('The expression is nested too deeply');
    const result = parse();
    depth--;
    return result;
  };
  const chain = (operand: () => Syntax, operators: readonly string[], isNext: (value: string) => boolean) => {
    let left = operand();
    for (;;) {
      const at = peek().at;
      const operator = operators.find(isNext);
      if (!operator) return left;
      left = call(operator, at, left, operand());
      if (++depth > 400) throw fail('The expression has too many operators');
    }
  };

  const expression = (): Syntax => nested(or);
  const or = (): Syntax => chain(and, ['or'], word);
  const and = (): Syntax => chain(not, ['and'], word);
  const not = (): Syntax => {
    const at = peek().at;
    return word('not') ? call('not', at, nested(not)) : comparison();
  };

  const comparison = (): Syntax => {
    const left = concatenation();
    const token = peek();
    if (token.kind === 'symbol' && comparisons.has(token.value)) {
      next++;
      return call(token.value === '!=' ? '<>' : token.value, token.at, left, concatenation());
    }
    if (word('is')) {
      const negated = word('not');
      need(word('null'), 'NULL after IS');
      return call(negated ? 'is not null' : 'is null', token.at, left);
    }
    const negated = word('not');
    if (word('between')) return negate(negated, between(left, token.at), token.at);
    if (word('in')) return negate(negated, inList(left, token.at), token.at);
    if (negated) throw fail('Expected IN or BETWEEN after NOT');
    return left;
  };
  const negate = (negated: boolean, operand: Syntax, at: number) =>
    negated ? call('not', at, operand) : operand;
  const between = (left: Syntax, at: number): Syntax => {
    const low = concatenation();
    need(word('and'), 'AND after BETWEEN');
    return call('and', at, call('>=', at, left, low), call('<=', at, left, concatenation()));
  };
  const inList = (left: Syntax, at: number): Syntax => {
    need(symbol('('), '( after IN');
    const options = list();
    return options.map((option) => call('=', at, left, option)).reduce((a, b) => call('or', at, a, b));
  };
  const list = (): Syntax[] => {
    const items = [expression()];
    while (symbol(',')) items.push(expression());
    need(symbol(')'), ')');
    if (items.length > 200) throw fail('The list has more than 200 entries');
    return items;
  };

  const concatenation = (): Syntax => chain(sum, ['||'], symbol);
  const sum = (): Syntax => chain(product, ['+', '-'], symbol);
  const product = (): Syntax => chain(unary, ['*', '//', '/', '%'], symbol);
  const unary = (): Syntax => {
    const at = peek().at;
    if (symbol('-')) return call('negate', at, nested(unary));
    if (symbol('+')) return nested(unary);
    return postfix();
  };
  const postfix = (): Syntax => {
    let operand = primary();
    while (isSymbol('::')) {
      const at = tokens[next++].at;
      operand = cast(operand, at);
    }
    return operand;
  };
  const cast = (operand: Syntax, at: number): Syntax => {
    const token = peek();
    const type = token.kind === 'name' ? typeNames[token.value.toLowerCase()] : undefined;
    if (!type) throw fail('Expected a type: number, integer, string or boolean');
    next++;
    return call(`cast ${type}`, at, operand);
  };

  const primary = (): Syntax => {
    const token = peek();
    if (token.kind === 'end') throw fail('The expression ends too early');
    if (token.kind === 'symbol' && token.value !== '(') throw fail(`"${token.value}" does not belong here`);
    next++;
    if (token.kind === 'symbol') {
      const inner = expression();
      need(symbol(')'), ')');
      return inner;
    }
    if (token.kind === 'number') return { kind: 'literal', type: 'number', value: token.value, at: token.at };
    if (token.kind === 'string') return { kind: 'literal', type: 'string', value: token.value, at: token.at };
    if (token.quoted) return { kind: 'column', name: token.value, at: token.at };
    return named(token.value, token.at);
  };

  const named = (name: string, at: number): Syntax => {
    const lower = name.toLowerCase();
    if (lower === 'true' || lower === 'false')
      return { kind: 'literal', type: 'boolean', value: lower === 'true', at };
    if (lower === 'null') return { kind: 'literal', type: 'null', value: null, at };
    if (lower === 'case') return caseWhen(at);
    if (lower === 'interval') return interval(at);
    if ((lower === 'timestamp' || lower === 'date') && peek().kind === 'string') return instant(at);
    if (lower === 'cast' && symbol('(')) {
      const operand = expression();
      need(word('as'), 'AS');
      const result = cast(operand, at);
      need(symbol(')'), ')');
      return result;
    }
    if (symbol('(')) return call(lower, at, ...(symbol(')') ? [] : list()));
    if (reserved.has(lower) && lower !== 'date' && lower !== 'timestamp') {
      throw expressionError(
        text,
        at,
        `"${name}" does not belong here; quote it ("${name}") if it is a column`,
      );
    }
    return { kind: 'column', name, at };
  };

  const caseWhen = (at: number): Syntax => {
    const branches: { when: Syntax; result: Syntax }[] = [];
    const subject = isWord('when') ? null : expression();
    while (word('when')) {
      const test = expression();
      need(word('then'), 'THEN');
      branches.push({ when: subject ? call('=', at, subject, test) : test, result: expression() });
    }
    if (branches.length === 0) throw fail('Expected WHEN after CASE');
    const otherwise = word('else') ? expression() : null;
    need(word('end'), 'END');
    return { kind: 'case', branches, otherwise, at };
  };

  const interval = (at: number): Syntax => {
    const token = peek();
    if (token.kind !== 'number' && token.kind !== 'string') throw fail('Expected a number after INTERVAL');
    next++;
    const match = /^\s*(-?\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(String(token.value));
    if (!match) throw expressionError(text, token.at, 'This is not an interval such as 90 minutes');
    let unit = match[2];
    if (!unit) {
      const name = peek();
      if (name.kind !== 'name') throw fail('Expected a unit such as minutes');
      unit = name.value;
      next++;
    }
    const size = unitMilliseconds[unit.toLowerCase().replace(/s$/, '')];
    if (size === undefined) throw expressionError(text, at, `An interval cannot be counted in ${unit}`);
    return { kind: 'literal', type: 'interval', value: Math.round(Number(match[1]) * size), at };
  };

  const instant = (at: number): Syntax => {
    const token = tokens[next++] as Token & { kind: 'string' };
    const match = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)Z?)?$/.exec(token.value);
    const time = match ? Date.parse(`${match[1]}T${match[2] ?? '00:00'}Z`) : Number.NaN;
    if (Number.isNaN(time)) throw expressionError(text, at, 'This is not a time such as 2001-01-31 23:59:00');
    return { kind: 'literal', type: 'timestamp', value: time, at };
  };

  const result = expression();
  if (peek().kind !== 'end') throw fail('The expression should end here');
  return result;
}
