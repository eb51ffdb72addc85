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
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
