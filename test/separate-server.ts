import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** A port that nobody listens on now. */
export const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Kills a server at once; its port and its folder are free when this resolves. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

/** A server in a process of its own, healthy, that a test may kill. */
export async function serve(
  dataDir: string,
  port: number,
  options: readonly string[] = [],
): Promise<ChildProcess> {
  const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
  const args = [main, 'serve', '--port', String(port), '--data-dir', dataDir, ...options];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return child;
    if (child.exitCode !== null)
      throw new Error(`The server ended with ${child.exitCode} before it was healthy.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
