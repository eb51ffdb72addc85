import { experimentsError } from '../experiments.contract.ts';
import { decodeOffset } from '../search/filter.model.ts';

/** A page of queues or of what is in one. */
export type Page = { limit: number; token?: string | undefined };

/** @throws experiments.search.invalid */
export function readPage({ limit, token }: Page): { offset: number; limit: number } {
  if (!Number.isInteger(limit) || limit < 1 || limit > 50_000) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 50000.');
  }
  return { offset: decodeOffset(token), limit };
}
