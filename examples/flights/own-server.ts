import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type OwnServer = {
  url: string;
  /** Milliseconds from start to healthy, as the server says. */
  milliseconds: number;
  pid: number;
  /** Resolves when the server has ended. */
  ended: Promise<unknown>;
  stop(): Promise<void>;
};

const command = join(import.meta.dirname, '..', '..', 'bin', 'houston.mjs');

/** Starts `houston serve` as a process of its own, as anybody would. `keep` leaves the data folder as it is. */
export async function startOwnServer(options: {
  port: number;
  dataDir: string;
  keep?: boolean;
}): Promise<OwnServer> {
  if (!options.keep) await rm(options.dataDir, { recursive: true, force: true });
  const flags = ['serve', '--json', '--log', 'warn', '--port', String(options.port)];
  const child = spawn(process.execPath, [command, ...flags, '--data-dir', options.dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const passOn = (signal: NodeJS.Signals) => void child.kill(signal);
  process.on('SIGINT', passOn).on('SIGTERM', passOn);
  void ended.then(() => process.off('SIGINT', passOn).off('SIGTERM', passOn));
  const first = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => text as string),
    ended.then(() => ''),
  ]);
  const { url, milliseconds, error } = first ? JSON.parse(first) : { error: { message: 'it ended at once' } };
  if (!url) throw new Error(`The server did not start: ${error?.message}`);
  return {
    url,
    milliseconds,
    pid: child.pid ?? 0,
    ended,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await ended;
    },
  };
}
