import canonicalize from 'canonicalize';
import { platformError } from './errors.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/**
 * Canonical JSON (RFC 8785): sorted keys, no spaces, one text per value. Raises platform.input.invalid for text
 * that is not Unicode (half a surrogate pair), which has no canonical form.
 */
export function canonicalJson(value: Json): string {
  try {
    return canonicalize(value) as string;
  } catch {
    throw platformError(
      'platform.input.invalid',
      'A text or number of the request has no canonical JSON form.',
    );
  }
}

const deepest = 64;
const mostValues = 1_000_000;

/**
 * Why a value from outside cannot be walked by recursion or kept as JSON, else null: nested deeper than 64 levels (which
 * circles of YAML aliases are), more than 1,000,000 values, or a key `__proto__`, which no JSON body may carry back.
 */
export function jsonProblem(value: unknown): string | null {
  let level: unknown[] = [value];
  let values = 0;
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return `is nested deeper than ${deepest} levels`;
    const below: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      if (Object.hasOwn(item, '__proto__')) return 'has a key "__proto__"';
      for (const child of Object.values(item)) below.push(child);
      if (values + below.length > mostValues) return `has more than ${mostValues} values`;
    }
    values += below.length;
    level = below;
  }
  return null;
}
