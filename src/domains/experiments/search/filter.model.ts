import { readPageToken, writePageToken } from '../../../platform/page-token.ts';
import { experimentsError } from '../experiments.contract.ts';

/**
 * The filter language of tracking servers: clauses joined by AND, each `identifier operator value`; an identifier
 * is `name`, `attributes.name`, `metrics.key`, `params.key`, `tags.key` or `dataset.name`, keys may stand in "" or
 * backticks, texts stand in quotes and numbers do not.
 */
export type ClauseKind =
  | 'attribute'
  | 'metric'
  | 'param'
  | 'tag'
  | 'dataset'
  | 'span'
  | 'feedback'
  | 'expectation'
  | 'issue';
export type Operator =
  | '='
  | '!='
  | '>'
  | '>='
  | '<'
  | '<='
  | 'LIKE'
  | 'ILIKE'
  | 'RLIKE'
  | 'IN'
  | 'NOT IN'
  | 'IS NULL'
  | 'IS NOT NULL';
export type Clause = {
  kind: ClauseKind;
  key: string;
  operator: Operator;
  value: string | number | string[] | null;
};
export type Order = { kind: ClauseKind; key: string; ascending: boolean };

/** What may be searched, and how. */
export type Grammar = {
  /** Attributes and their types. */
  attributes: Readonly<Record<string, 'text' | 'number'>>;
  /** Other names of attributes. */
  aliases?: Readonly<Record<string, string>>;
  kinds: readonly ClauseKind[];
  /** Further words before the dot of an identifier. */
  prefixes?: Readonly<Record<string, ClauseKind>>;
  /** Attributes that take a list. */
  lists: readonly string[];
  /** Whether texts may be compared with regular expressions. */
  regexes?: boolean;
};

const prefixes: Readonly<Record<string, ClauseKind>> = {
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  dataset: 'dataset',
  datasets: 'dataset',
};

const numeric: readonly Operator[] = ['=', '!=', '>', '>=', '<', '<='];
const textual: readonly Operator[] = ['=', '!=', 'LIKE', 'ILIKE'];
const allowed: Readonly<Record<ClauseKind, readonly Operator[]>> = {
  metric: numeric,
  param: [...textual, 'IS NULL', 'IS NOT NULL'],
  tag: [...textual, 'IS NULL', 'IS NOT NULL'],
  dataset: [...textual, 'IN', 'NOT IN'],
  attribute: [...textual, 'IN', 'NOT IN'],
  span: [...textual, 'IN', 'NOT IN'],
  feedback: [...textual, '>', '>=', '<', '<=', 'IS NULL', 'IS NOT NULL'],
  expectation: [...textual, '>', '>=', '<', '<=', 'IS NULL', 'IS NOT NULL'],
  issue: ['='],
};

const bad = (why: string) =>
  experimentsError('experiments.search.invalid', `The filter is not valid: ${why}`);

/** The same error with the stretch of the filter that it is about, for editors that mark it. */
const located = (error: Error, from: number, to: number) =>
  experimentsError('experiments.search.invalid', error.message, { from, to });

type Token = {
  type: 'name' | 'text' | 'number' | 'operator' | 'list' | 'word';
  value: string;
  /** Where it stands in the filter. */
  from: number;
  items?: string[];
};

const patterns: readonly (readonly [Token['type'], RegExp])[] = [
  ['list', /\((?:\s*(?:'[^']*'|"[^"]*")\s*,?)*\s*\)/y],
  ['text', /'(?:[^']|'')*'/y],
  ['number', /[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.`"/-])/iy],
  ['operator', /<=|>=|!=|=|<|>/y],
  ['name', /(?:`[^`]*`|"[^"]*"|[\w/:-])+(?:\.(?:`[^`]*`|"[^"]*"|[\w/.:-])+)?/uy],
];

function tokenise(filter: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < filter.length) {
    if (/\s/.test(filter[at]!)) {
      at++;
      continue;
    }
    const found = patterns.find(([, pattern]) => {
      pattern.lastIndex = at;
      return pattern.test(filter);
    });
    if (!found) throw located(bad(`it cannot be read from character ${at + 1} on.`), at, filter.length);
    const [type, pattern] = found;
    const value = filter.slice(at, pattern.lastIndex);
    tokens.push({ type, value, from: at, ...(type === 'list' && { items: listItems(value) }) });
    at = pattern.lastIndex;
  }
  return tokens;
}

function listItems(list: string): string[] {
  const items = [...list.matchAll(/'([^']*)'|"([^"]*)"/g)].map((match) => match[1] ?? match[2]!);
  if (items.length === 0) throw bad('a list holds at least one quoted text.');
  return items;
}

const unquote = (text: string) => (/^(["'`]).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text);

/** More of either no database takes in one statement, and no person writes. */
const MOST_CLAUSES = 100;
const MOST_ORDERS = 20;

/** Reads a filter; an empty one has no clauses. @throws experiments.search.invalid with the place that is wrong */
export function parseFilter(filter: string | undefined, grammar: Grammar): Clause[] {
  if (filter === undefined || filter.trim() === '') return [];
  refuseNull(filter);
  const tokens = tokenise(filter);
  const place = { at: 0 };
  try {
    return readClauses(tokens, place, grammar);
  } catch (error) {
    const token = tokens[Math.min(place.at, tokens.length) - 1];
    const from = place.at > tokens.length ? filter.length : (token?.from ?? 0);
    throw located(error as Error, from, token && from === token.from ? from + token.value.length : from);
  }
}

function readClauses(tokens: readonly Token[], place: { at: number }, grammar: Grammar): Clause[] {
  const clauses: Clause[] = [];
  const isWord = (word: string) =>
    tokens[place.at]?.type === 'name' && tokens[place.at]!.value.toUpperCase() === word;
  const take = (): Token => {
    const token = tokens[place.at++];
    if (!token) throw bad('it ends within a clause.');
    return token;
  };
  for (;;) {
    const name = take();
    if (name.type !== 'name') throw bad('a clause starts with what it compares.');
    const { kind, key } = parseIdentifier(name.value, grammar);
    const operator = takeOperator();
    const value = operator.startsWith('IS') ? null : readValue(take(), kind, key, operator, grammar);
    checkOperator(kind, key, operator, grammar);
    clauses.push({ kind, key, operator, value });
    if (clauses.length > MOST_CLAUSES) throw bad(`it has more than ${MOST_CLAUSES} clauses.`);
    if (place.at === tokens.length) return clauses;
    const isJoined = isWord('AND');
    place.at++;
    if (!isJoined) throw bad('clauses are joined by AND; OR and parentheses are not part of the language.');
  }

  function takeOperator(): Operator {
    const token = take();
    if (token.type === 'operator') return token.value as Operator;
    const word = token.value.toUpperCase();
    if (word === 'LIKE' || word === 'ILIKE' || word === 'RLIKE' || word === 'IN') return word;
    if (word === 'NOT' && isWord('IN')) {
      place.at++;
      return 'NOT IN';
    }
    if (word === 'IS') {
      const isNot = isWord('NOT');
      if (isNot) place.at++;
      if (isWord('NULL')) {
        place.at++;
        return isNot ? 'IS NOT NULL' : 'IS NULL';
      }
    }
    throw bad('a comparison is one of = != > >= < <= LIKE ILIKE IN, NOT IN, IS NULL, IS NOT NULL.');
  }
}

const kindOf = (word: string, grammar: Grammar): ClauseKind | undefined => {
  const known = { ...prefixes, ...grammar.prefixes };
  return Object.hasOwn(known, word) ? known[word] : undefined;
};

/** Splits `metrics.key`. @throws experiments.search.invalid for what the grammar does not know */
export function parseIdentifier(text: string, grammar: Grammar): { kind: ClauseKind; key: string } {
  const dot = /^(?:`[^`]*`|"[^"]*")$/.test(text) ? -1 : text.indexOf('.');
  const kind = dot < 0 ? 'attribute' : kindOf(unquote(text.slice(0, dot)), grammar);
  if (kind === undefined || !grammar.kinds.includes(kind)) {
    throw bad(`an identifier starts with one of ${grammar.kinds.join(', ')}.`);
  }
  const key = unquote(dot < 0 ? text : text.slice(dot + 1));
  if (kind === 'dataset' && !['name', 'digest', 'context'].includes(key)) {
    throw bad('of a dataset one can search name, digest and context.');
  }
  if (kind !== 'attribute') return { kind, key };
  const real = grammar.aliases?.[key] ?? key;
  if (!Object.hasOwn(grammar.attributes, real)) {
    throw bad(`attributes are ${Object.keys(grammar.attributes).join(', ')}.`);
  }
  return { kind, key: real };
}

const isNumeric = (kind: ClauseKind, key: string, grammar: Grammar) =>
  kind === 'metric' || (kind === 'attribute' && grammar.attributes[key] === 'number');

function checkOperator(kind: ClauseKind, key: string, operator: Operator, grammar: Grammar): void {
  const own = isNumeric(kind, key, grammar) ? numeric : allowed[kind];
  const may = grammar.regexes && own.includes('LIKE') ? [...own, 'RLIKE'] : own;
  if (!may.includes(operator)) throw bad(`${kind} "${key}" is compared by one of ${may.join(' ')}.`);
}

function readValue(token: Token, kind: ClauseKind, key: string, operator: Operator, grammar: Grammar) {
  if (operator === 'IN' || operator === 'NOT IN') {
    if (kind === 'attribute' && !grammar.lists.includes(key)) {
      throw bad(`lists are taken by ${grammar.lists.join(', ')} only.`);
    }
    if (!token.items) throw bad('IN takes a list of quoted texts in parentheses.');
    return token.items;
  }
  const isFigure = (kind === 'feedback' || kind === 'expectation') && /^[<>]/.test(operator);
  if (isFigure || isNumeric(kind, key, grammar)) {
    if (token.type !== 'number') throw bad(`${kind} "${key}" is compared with a number without quotes.`);
    return Number(token.value);
  }
  if (token.type === 'text') return token.value.slice(1, -1).replaceAll("''", "'");
  if (token.type === 'name' && /^"[^"]*"$/.test(token.value)) return token.value.slice(1, -1);
  throw bad(`${kind} "${key}" is compared with a quoted text.`);
}

/** Databases store no null character, and some refuse to compare with one. */
function refuseNull(text: string): void {
  if (text.includes('\u0000')) throw bad('it holds a null character.');
}

/** Reads `metrics.auc DESC`. @throws experiments.search.invalid */
export function parseOrder(text: string, grammar: Grammar): Order {
  refuseNull(text);
  const match = /^\s*(.+?)(?:\s+(asc|desc))?\s*$/is.exec(text);
  if (!match || /\s/.test(match[1]!.replace(/`[^`]*`|"[^"]*"/g, ''))) {
    throw bad('an order is "identifier", "identifier ASC" or "identifier DESC".');
  }
  const { kind, key } = parseIdentifier(match[1]!, grammar);
  if (kind === 'dataset') throw bad('datasets give no order.');
  return { kind, key, ascending: match[2]?.toLowerCase() !== 'desc' };
}

/** Reads several orders, the first the strongest. @throws experiments.search.invalid */
export function parseOrders(texts: readonly string[], grammar: Grammar): Order[] {
  if (texts.length > MOST_ORDERS) throw bad(`there are more than ${MOST_ORDERS} orders.`);
  return texts.map((text) => parseOrder(text, grammar));
}

/** An opaque token for the page that starts at `offset`. */
export function encodeOffset(offset: number): string {
  return writePageToken({ offset });
}

/** @throws experiments.search.invalid for a token that this server did not make */
export function decodeOffset(token: string | undefined): number {
  if (!token) return 0;
  const { offset } = (readPageToken(token) ?? {}) as { offset?: unknown };
  if (Number.isSafeInteger(offset) && (offset as number) >= 0) return offset as number;
  throw experimentsError('experiments.search.invalid', 'The page token is not one of this server.');
}
