import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

const pageBytes = 4096;

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
