import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import type { Route } from '../routing/route.ts';

/** Names that are remembered: those that a start loads. */
export const mostAtStart = 100;

/** When the deployments used last before the last stop were used, newest first; none when nobody wrote it down. */
export function readRecent(path: string): Map<string, number> {
  try {
    const times: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (times === null || typeof times !== 'object') return new Map();
    const used = Object.entries(times).filter(([, time]) => typeof time === 'number' && time > 0);
    return new Map(used.sort((a, b) => b[1] - a[1]));
  } catch {
    return new Map();
  }
}

/** Writes down who was used last; what a crash loses of it is only time at the next start. */
export async function writeRecent(path: string, routes: Iterable<Route>): Promise<void> {
  const used = [...routes].filter(({ usedAt }) => usedAt > 0).sort((a, b) => b.usedAt - a.usedAt);
  if (used.length === 0) return;
  const times = used.slice(0, mostAtStart).map(({ deployment, usedAt }) => [deployment, usedAt]);
  await writeFile(`${path}.tmp`, JSON.stringify(Object.fromEntries(times)));
  await rename(`${path}.tmp`, path);
}
