import type { Catalogue } from '../../../api/types.ts';
import { fieldName, kindOf } from './columns.ts';

export type Option = { label: string; detail?: string };
export type Completion = {
  want: 'field' | 'operator' | 'value' | 'and';
  /** Where the word under the cursor starts. */
  from: number;
  /** The word as typed so far. */
  word: string;
  /** What is compared, where an operator or a value is wanted. */
  field: string;
};

const token =
  /`[^`]*`?(?:\.\S*)?|'[^']*'?|\((?:[^)]*)\)?|<=|>=|!=|=|<|>|(?:`[^`]*`?|"[^"]*"?|[^\s=<>!'()])+/g;

/** What the filter language wants at the cursor: the clauses before it decide. */
export function completionAt(text: string, cursor: number): Completion {
  const before = text.slice(0, cursor);
  let want: Completion['want'] = 'field';
  let field = '';
  const tokens = [...before.matchAll(token)].map((match) => ({ text: match[0], from: match.index }));
  const last = tokens.at(-1);
  const isOpen = last !== undefined && last.from + last.text.length === cursor && !isClosed(last.text);
  for (const one of isOpen ? tokens.slice(0, -1) : tokens) {
    const word = one.text.toUpperCase();
    if (want === 'field') {
      field = one.text;
      want = 'operator';
    } else if (want === 'operator') {
      // IS and NOT go on; IS NULL needs no value.
      if (word === 'NULL') want = 'and';
      else if (word !== 'IS' && word !== 'NOT') want = 'value';
    } else if (want === 'value') {
      want = 'and';
    } else want = 'field';
  }
  return { want, from: isOpen ? last.from : cursor, word: isOpen ? last.text : '', field };
}

/** Tokens that end by themselves, so that a cursor right behind them starts the next one. */
function isClosed(text: string): boolean {
  return /^(?:<=|>=|!=|=)$/.test(text) || /^'[^']*'$/.test(text) || /^\(.*\)$/.test(text);
}

const attributes: [string, string][] = [
  ['run_name', 'text'],
  ['status', 'text'],
  ['start_time', 'ms since 1970'],
  ['end_time', 'ms since 1970'],
  ['user_id', 'text'],
  ['run_id', 'text'],
];

/** Everything that can be compared. */
export function fieldOptions(catalogue: Catalogue | undefined): Option[] {
  const keys = (['metrics', 'params', 'tags'] as const).flatMap((kind) =>
    (catalogue?.[kind] ?? []).map(({ key, runs }) => ({
      label: fieldName(`${kind}.${key}`),
      detail: `${runs} runs`,
    })),
  );
  return [...attributes.map(([label, detail]) => ({ label, detail })), ...keys];
}

const numeric = ['>', '>=', '<', '<=', '=', '!='];
const textual = ['=', '!=', 'LIKE', 'ILIKE'];

export function operatorOptions(field: string): Option[] {
  const kind = kindOf(field);
  if (kind === 'metrics' || field.endsWith('_time')) return numeric.map((label) => ({ label }));
  if (kind === 'params' || kind === 'tags') {
    return [...textual, 'IS NULL', 'IS NOT NULL'].map((label) => ({ label }));
  }
  return [...textual, ...(field === 'run_id' ? ['IN', 'NOT IN'] : [])].map((label) => ({ label }));
}

/** Values that need no question to the server; null where the server knows them. */
export function valueOptions(field: string): Option[] | null {
  if (field.endsWith('status')) {
    return ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'].map((word) => ({ label: `'${word}'` }));
  }
  const kind = kindOf(field);
  return kind === 'params' || kind === 'tags' ? null : [];
}

/** A text as the filter language writes it. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** `filter` narrowed by a further clause. */
export function withClause(filter: string, clause: string): string {
  return filter.trim() === '' ? clause : `${filter.trim()} AND ${clause}`;
}
