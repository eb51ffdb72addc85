import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const pageBytes = 4096;
/** Of the clock that /proc counts in; the same on every Linux that Node runs on. */
const tickMs = 10;

/** What a Node program needs to start and no more: secrets of the server stay with it. */
export function childEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LD_LIBRARY_PATH', 'LANG', 'TZ'];
  const env = Object.fromEntries(
    kept.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return { ...env, MALLOC_ARENA_MAX: '2' };
}

/** Bytes of a process in memory; null when it is gone or nobody can say. */
export async function residentBytesOf(pid: number): Promise<number | null> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => null);
    const pages = Number(text?.split(' ')[1]);
    return Number.isFinite(pages) ? pages * pageBytes : null;
  }
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      const kilobytes = Number(stdout);
      resolve(error || !(kilobytes > 0) ? null : kilobytes * 1024);
    });
  });
}

/** Milliseconds of CPU time that a process has used; null when it is gone or nobody can say (not on Linux). */
export async function cpuMsOf(pid: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // The name of the program stands in brackets and may hold anything; user and system time are fields 14 and 15.
  const [user, system] =
    text
      ?.slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number) ?? [];
  return user === undefined || system === undefined ? null : (user + system) * tickMs;
}
