import { digestJson } from '../../../platform/digest.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { isFileRef } from '../steps.ts';

/** Everything that a result depends on. Its canonical JSON, hashed, is the cache key. */
export type KeyMaterial = {
  /** `name` and `version` of the step kind, or the command of a `run:` step. */
  step: { name: string; version: string } | { command: string };
  /** The prepared input, files by digest. */
  input: JsonObject;
  /** What the definition sets in the environment. */
  env: JsonObject;
  workspace: string;
};

/** `sha256:…` of the material. */
export function cacheKey(material: KeyMaterial): string {
  return digestJson(material as unknown as Json);
}

/** The input without the places where files happen to lie on this machine. */
export function withoutPaths(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutPaths);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value);
  const kept = typeof value.digest === 'string' ? entries.filter(([key]) => key !== 'path') : entries;
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutPaths(item)]));
}

/** The input with a local path beside the digest of every file, for whoever opens it. */
export function withPaths(value: Json, pathOf: (digest: string) => string): Json {
  if (Array.isArray(value)) return value.map((item) => withPaths(item, pathOf));
  if (value === null || typeof value !== 'object') return value;
  if (isFileRef(value)) return { ...value, path: pathOf(value.digest) };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withPaths(item, pathOf)]));
}

/** Why a key is not the one of an earlier run: one short line for each value that differs. */
export function explainDifference(before: KeyMaterial, now: KeyMaterial, most = 20): string[] {
  const a = flatten(before as unknown as Json);
  const b = flatten(now as unknown as Json);
  const paths = [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort();
  const lines = paths.map((path) => {
    const [old, fresh] = [a.get(path), b.get(path)];
    if (old === undefined) return `${path} is new: ${shorten(fresh)}`;
    if (fresh === undefined) return `${path} is gone; it was ${shorten(old)}`;
    return `${path} was ${shorten(old)}, is ${shorten(fresh)}`;
  });
  return lines.length > most ? [...lines.slice(0, most), `… and ${lines.length - most} more`] : lines;
}

function flatten(value: Json, path = '', into = new Map<string, string>()): Map<string, string> {
  if (value === null || typeof value !== 'object' || Object.keys(value).length === 0) {
    return into.set(path, JSON.stringify(value));
  }
  for (const [key, item] of Object.entries(value)) flatten(item as Json, path ? `${path}.${key}` : key, into);
  return into;
}

function shorten(text = ''): string {
  const plain = text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, 'sha256:$1…');
  return plain.length > 80 ? `${plain.slice(0, 79)}…` : plain;
}
