import { readPageToken, writePageToken } from '../../platform/page-token.ts';
import { experimentsError } from './experiments.contract.ts';
import type { Comparison } from './search.store.ts';

const comparison = /^(.{1,250}?)\s*(>=|<=|!=|=|>|<)\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i;

/** Reads `auc > 0.7`. @throws experiments.search.invalid */
export function parseComparison(text: string): Comparison {
  const match = comparison.exec(text.trim());
  if (!match) throw experimentsError('experiments.search.invalid', 'The metric filter cannot be read.');
  return {
    key: match[1]!.trim(),
    operator: match[2] as Comparison['operator'],
    value: Number(match[3]),
  };
}

/** Reads `key=value`, split at the first equals sign. @throws experiments.search.invalid */
export function parsePair(text: string): { key: string; value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw experimentsError('experiments.search.invalid', 'The filter is not "key=value".');
  return { key: text.slice(0, at).trim(), value: text.slice(at + 1).trim() };
}

type Cursor = { value: number; id: string };

/** An opaque page token. */
export function encodeCursor({ value, id }: Cursor): string {
  return writePageToken({ value, id });
}

/** @throws experiments.search.invalid for a token that this server did not make. */
export function decodeCursor(text: string): Cursor {
  const { value, id } = (readPageToken(text) ?? {}) as Partial<Record<keyof Cursor, unknown>>;
  if (typeof value === 'number' && typeof id === 'string') return { value, id };
  throw experimentsError('experiments.search.invalid', 'The cursor is not one of this server.');
}
