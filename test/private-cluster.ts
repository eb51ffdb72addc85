import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from './separate-server.ts';

/** A PostgreSQL of this run's own, that may be stopped. */
export type Cluster = { url: string; stop(): void; start(): void; remove(): void };

function binary(name: string): string | null {
  const folders = [
    ...(existsSync('/usr/lib/postgresql')
      ? readdirSync('/usr/lib/postgresql').map((version) => `/usr/lib/postgresql/${version}/bin`)
      : []),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}

/** Makes and starts a cluster on a free port; a sentence when this machine has no PostgreSQL to make one with. */
export async function openCluster(): Promise<Cluster | string> {
  const [initdb, control] = [binary('initdb'), binary('pg_ctl')];
  if (!initdb || !control) return 'no initdb and pg_ctl on this machine';
  const folder = mkdtempSync('/tmp/houston-postgres-');
  // PostgreSQL does not run as root.
  const isRoot = process.getuid?.() === 0;
  const run = (command: string, args: string[]) =>
    isRoot
      ? execFileSync('runuser', ['-u', 'postgres', '--', command, ...args], { stdio: 'ignore' })
      : execFileSync(command, args, { stdio: 'ignore' });
  if (isRoot) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const data = join(folder, 'data');
  const port = await freePort();
  run(initdb, ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync']);
  const start = () =>
    void run(control, [
      '-D',
      data,
      '-w',
      '-l',
      join(folder, 'log'),
      '-o',
      `-p ${port} -c listen_addresses=127.0.0.1 -k ${folder}`,
      'start',
    ]);
  const stop = () => void run(control, ['-D', data, '-m', 'immediate', 'stop']);
  start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    remove() {
      try {
        stop();
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
