import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { Route } from '../routing/route.ts';

/** Names that are remembered: those that a start loads. */
export const mostAtStart = 100;

/** Deployments in the order of their last use before the last stop, newest first; none when nobody wrote it down. */
export function readRecent(path: string): string[] {
  try {
    const names: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/** Writes down who was used last; what a crash loses of it is only time at the next start. */
export async function writeRecent(path: string, routes: Iterable<Route>): Promise<void> {
  const used = [...routes].filter(({ usedAt }) => usedAt > 0).sort((a, b) => b.usedAt - a.usedAt);
  const names = used.slice(0, mostAtStart).map(({ deployment }) => deployment);
  if (names.length === 0) return;
  await writeFile(`${path}.tmp`, JSON.stringify(names));
  await rename(`${path}.tmp`, path);
}
