/**
 * Regular expressions in linear time, for `regexp` in SQLite: a pattern of a stranger must not stall the server, as
 * one that backtracks can. Literals, `.`, classes, `\d \w \s` and their opposites, groups, `|`, `* + ? {m,n}`, `^`
 * and `$`; what PostgreSQL reads the same way. Source: K. Thompson, Regular Expression Search Algorithm, CACM 1968.
 */
type Test = (code: number) => boolean;
type State =
  | { type: 'char'; test: Test; next: number }
  | { type: 'split'; next: number; other: number }
  | { type: 'start' | 'end'; next: number }
  | { type: 'match' };

type Node =
  | { type: 'char'; test: Test }
  | { type: 'start' | 'end' | 'empty' }
  | { type: 'all' | 'any'; nodes: Node[] }
  | { type: 'repeat'; node: Node; least: number; most: number };

const longestPattern = 500;
const mostStates = 1000;

const bad = (why: string) => new Error(`The regular expression is not valid: ${why}.`);

export type Regex = { states: State[]; start: number };

/** Reads a pattern. @throws Error with a sentence that says what is wrong */
export function compileRegex(pattern: string): Regex {
  if (pattern.length > longestPattern) throw bad(`it has more than ${longestPattern} characters`);
  const states: State[] = [{ type: 'match' }];
  const start = emit(states, parse(pattern), 0);
  return { states, start };
}

function emit(states: State[], node: Node, next: number): number {
  const push = (state: State) => {
    if (states.length >= mostStates) throw bad('it repeats too much');
    return states.push(state) - 1;
  };
  switch (node.type) {
    case 'char':
      return push({ type: 'char', test: node.test, next });
    case 'start':
    case 'end':
      return push({ type: node.type, next });
    case 'empty':
      return next;
    case 'all':
      return node.nodes.reduceRight((after, one) => emit(states, one, after), next);
    case 'any':
      return node.nodes
        .map((one) => emit(states, one, next))
        .reduceRight((other, first) => push({ type: 'split', next: first, other }));
    case 'repeat': {
      let after = next;
      if (node.most === Number.POSITIVE_INFINITY) {
        const loop = push({ type: 'split', next: 0, other: next });
        (states[loop] as { next: number }).next = emit(states, node.node, loop);
        after = loop;
      } else {
        for (let i = node.least; i < node.most; i++) {
          after = push({ type: 'split', next: emit(states, node.node, after), other: next });
        }
      }
      for (let i = 0; i < node.least; i++) after = emit(states, node.node, after);
      return after;
    }
  }
}

const digit: Test = (code) => code >= 48 && code <= 57;
const word: Test = (code) =>
  digit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
const space: Test = (code) => code === 32 || (code >= 9 && code <= 13) || code === 160;
const not =
  (test: Test): Test =>
  (code) =>
    !test(code);
const shorthands: Readonly<Record<string, Test>> = {
  d: digit,
  D: not(digit),
  w: word,
  W: not(word),
  s: space,
  S: not(space),
};
const controls: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9 };

function parse(pattern: string): Node {
  const signs = [...pattern];
  let at = 0;
  let depth = 0;
  const whole = alternatives();
  if (at < signs.length) throw bad('a ) closes nothing');
  return whole;

  function alternatives(): Node {
    if (++depth > 50) throw bad('its groups stand too deep');
    const nodes = [sequence()];
    while (signs[at] === '|') {
      at++;
      nodes.push(sequence());
    }
    depth--;
    return nodes.length === 1 ? nodes[0]! : { type: 'any', nodes };
  }

  function sequence(): Node {
    const nodes: Node[] = [];
    while (at < signs.length && signs[at] !== '|' && signs[at] !== ')') nodes.push(repeated());
    return { type: 'all', nodes };
  }

  function repeated(): Node {
    let node = atom();
    for (let isFirst = true; ; isFirst = false) {
      const range = repetition();
      if (!range) return node;
      if (!isFirst || node.type === 'start' || node.type === 'end') throw bad('a repetition repeats nothing');
      node = { type: 'repeat', node, least: range[0], most: range[1] };
    }
  }

  function repetition(): [number, number] | null {
    const simple = {
      '*': [0, Number.POSITIVE_INFINITY],
      '+': [1, Number.POSITIVE_INFINITY],
      '?': [0, 1],
    } as const;
    const sign = signs[at];
    if (sign === '*' || sign === '+' || sign === '?') {
      at++;
      return [...simple[sign]];
    }
    if (sign !== '{') return null;
    const counted = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(signs.slice(at, at + 9).join(''));
    if (!counted) throw bad('a { is written \\{ unless it counts, as in {2,5}');
    at += counted[0].length;
    const least = Number(counted[1]);
    const most = counted[2] ? (counted[3] ? Number(counted[3]) : Number.POSITIVE_INFINITY) : least;
    if (most < least) throw bad('a repetition ends before it starts');
    return [least, most];
  }

  function atom(): Node {
    const sign = signs[at++]!;
    if (sign === '^') return { type: 'start' };
    if (sign === '$') return { type: 'end' };
    if (sign === '.') return { type: 'char', test: () => true };
    if (sign === '[') return { type: 'char', test: characterClass() };
    if (sign === '\\') return { type: 'char', test: escaped() };
    if (sign === '(') {
      if (signs[at] === '?') {
        if (signs[at + 1] !== ':') throw bad('groups that look around or have names are not part of it');
        at += 2;
      }
      const inner = alternatives();
      if (signs[at++] !== ')') throw bad('a ( is not closed');
      return inner;
    }
    if ('*+?{'.includes(sign)) throw bad('a repetition repeats nothing');
    const code = sign.codePointAt(0)!;
    return { type: 'char', test: (other) => other === code };
  }

  function escaped(): Test {
    const sign = signs[at++];
    if (sign === undefined) throw bad('it ends with a \\');
    if (Object.hasOwn(shorthands, sign)) return shorthands[sign]!;
    const code = escapedCode(sign);
    return (other) => other === code;
  }

  function escapedCode(sign: string): number {
    if (Object.hasOwn(controls, sign)) return controls[sign]!;
    if (/[a-z0-9]/i.test(sign)) throw bad(`\\${sign} is not part of it`);
    return sign.codePointAt(0)!;
  }

  function characterClass(): Test {
    const isNot = signs[at] === '^';
    if (isNot) at++;
    const tests: Test[] = [];
    for (let isFirst = true; signs[at] !== ']' || isFirst; isFirst = false) {
      const from = member(tests);
      if (from === null) continue;
      if (signs[at] !== '-' || signs[at + 1] === ']' || at + 1 >= signs.length) {
        tests.push((code) => code === from);
        continue;
      }
      at++;
      const to = member(tests);
      if (to === null || to < from) throw bad('a range of a class ends before it starts');
      tests.push((code) => code >= from && code <= to);
    }
    at++;
    const any: Test = (code) => tests.some((test) => test(code));
    return isNot ? not(any) : any;
  }

  /** One character of a class, or null when it was a shorthand such as \d. */
  function member(tests: Test[]): number | null {
    const sign = signs[at++];
    if (sign === undefined) throw bad('a [ is not closed');
    if (sign === '[') throw bad('a [ within a class is written \\[');
    if (sign !== '\\') return sign.codePointAt(0)!;
    const next = signs[at++];
    if (next === undefined) throw bad('a [ is not closed');
    if (!Object.hasOwn(shorthands, next)) return escapedCode(next);
    tests.push(shorthands[next]!);
    return null;
  }
}

let last: { pattern: string; regex: Regex } | undefined;

/** Whether the pattern matches somewhere in the text. @throws Error for a pattern that is not valid */
export function matchesRegex(pattern: string, text: string): boolean {
  if (last?.pattern !== pattern) last = { pattern, regex: compileRegex(pattern) };
  return run(last.regex, text);
}

function run({ states, start }: Regex, text: string): boolean {
  const seen = new Int32Array(states.length).fill(-1);
  let now: number[] = [];
  let isMatch = false;
  const follow = (list: number[], from: number, at: number) => {
    const stack = [from];
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (seen[index] === at) continue;
      seen[index] = at;
      const state = states[index]!;
      if (state.type === 'match') isMatch = true;
      else if (state.type === 'char') list.push(index);
      else if (state.type === 'split') stack.push(state.other, state.next);
      else if (state.type === 'start' ? at === 0 : at === text.length) stack.push(state.next);
    }
  };
  for (let at = 0; ; ) {
    follow(now, start, at);
    if (isMatch) return true;
    if (at >= text.length) return false;
    const code = text.codePointAt(at)!;
    const after = at + (code > 0xffff ? 2 : 1);
    const next: number[] = [];
    for (const index of now) {
      const state = states[index] as Extract<State, { type: 'char' }>;
      if (state.test(code)) follow(next, state.next, after);
    }
    now = next;
    at = after;
  }
}
