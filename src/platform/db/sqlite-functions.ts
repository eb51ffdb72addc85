import type { DatabaseSync } from 'node:sqlite';
import { matchesRegex } from './regex.ts';

/** What our SQL calls and SQLite itself has not; every connection needs it. */
export function addFunctions(database: DatabaseSync): void {
  database.function('regexp', { deterministic: true }, (pattern, text) =>
    text === null ? null : matchesRegex(String(pattern), String(text)) ? 1 : 0,
  );
}
