import { registryError } from '../registry.contract.ts';
import type { VersionRef } from '../registry.door.ts';

export type ParsedRef =
  | { kind: 'number'; version: number }
  | { kind: 'alias'; alias: string }
  | { kind: 'latest' };

const aliasPattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Reads `3`, `'3'`, `'v3'`, `'@champion'` or `'latest'`. @throws registry.reference.invalid */
export function parseVersionRef(ref: VersionRef): ParsedRef {
  const text = String(ref);
  if (text === 'latest') return { kind: 'latest' };
  const number = /^v?([1-9][0-9]{0,8})$/.exec(text)?.[1];
  if (number) return { kind: 'number', version: Number(number) };
  if (text.startsWith('@') && isAlias(text.slice(1))) return { kind: 'alias', alias: text.slice(1) };
  throw registryError('registry.reference.invalid', 'This does not name a version.');
}

/** Whether a text may be an alias: not `latest`, not a number, not v and a number. */
export function isAlias(text: string): boolean {
  return aliasPattern.test(text) && text !== 'latest' && !/^v?[0-9]+$/.test(text);
}

/** @throws registry.alias.invalid */
export function checkAlias(alias: string): string {
  if (!isAlias(alias)) throw registryError('registry.alias.invalid', 'This is not a legal alias.');
  return alias;
}

/** The alias that names the version that serves; canaries and gates compare with it. */
export const CHAMPION = 'champion';
