import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export type Server = {
  name: string;
  url: string;
  pid: number;
  startedIn: number;
  database: string;
  stop(): void;
};

/** Starts a server and resolves when it is healthy. */
export async function start(
  name: string,
  command: readonly [string, ...string[]],
  { port, cwd, database }: { port: number; cwd: string; database: string },
): Promise<Server> {
  const began = performance.now();
  const child = spawn(command[0], command.slice(1), {
    cwd,
    stdio: 'ignore',
    detached: true,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
  });
  let isStopped = false;
  const stop = () => {
    if (!isStopped) process.kill(-child.pid!, 'SIGKILL');
    isStopped = true;
  };
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    const isUp = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) }).then(
      (reply) => reply.ok,
      () => false,
    );
    if (isUp) break;
    if (child.exitCode !== null || performance.now() - began > 600_000) {
      if (child.exitCode === null) stop();
      throw new Error(`${name} did not start.`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { name, url, pid: child.pid!, startedIn: performance.now() - began, database, stop };
}

/** Sums something over a process and all below it. */
function overTree(pid: number, read: (pid: number) => number): number {
  if (!existsSync(`/proc/${pid}/task`)) return 0;
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return read(pid) + children.reduce((sum, child) => sum + overTree(child, read), 0);
}

/** Resident memory in MiB. */
export const memory = (root: number): number =>
  overTree(root, (pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  });

/** Processor time used so far, in ms (clock ticks of 10 ms); of the server, not of a database beside it. */
export const processorTime = (root: number): number =>
  overTree(root, (pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  });
