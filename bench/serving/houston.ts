/** Houston in a process of its own, pinned to a core, with models that the benchmark gives it. */
import type { ChildProcess } from 'node:child_process';
import { answer, call, startScript } from './processes.ts';

export type HoustonProcess = {
  child: ChildProcess;
  pid: number;
  url: string;
  grpc: string;
  /** Registers a model file and deploys it under the name. */
  deploy(name: string, bytes: Uint8Array, runtime?: object): Promise<void>;
  stop(): void;
};

/**
 * Starts the whole server as bin/houston.mjs does; `profile` leaves a CPU profile in that folder, `before` is a script
 * that is loaded first.
 */
export async function startHoustonProcess(
  core: number,
  options: { profile?: string | undefined; before?: string } = {},
): Promise<HoustonProcess> {
  const nodeArgs = ['--max-semi-space-size=8'];
  if (options.profile !== undefined) nodeArgs.push('--cpu-prof', `--cpu-prof-dir=${options.profile}`);
  if (options.before !== undefined) nodeArgs.push('--import', new URL(options.before, import.meta.url).href);
  const env = { MALLOC_ARENA_MAX: '2' };
  const child = startScript(core, './houston-server.ts', [], { nodeArgs, env });
  const { url, grpc, pid } = await answer<{ url: string; grpc: string; pid: number }>(child);
  const json = (method: string, path: string, body: object) =>
    call(method, url + path, 'application/json', JSON.stringify(body));
  return {
    child,
    pid,
    url,
    grpc,
    async deploy(name, bytes, runtime) {
      await json('PUT', `/api/registry/models/${name}`, {});
      const versions = `${url}/api/registry/models/${name}/versions`;
      await call('POST', versions, 'application/octet-stream', bytes);
      const spec = { model: `${name}:1`, environment: 'test', ...(runtime && { runtime }) };
      await json('PUT', `/api/serving/deployments/${name}`, spec);
      await json('POST', `/api/serving/deployments/${name}/deploy`, {});
    },
    stop: () => void child.send('stop'),
  };
}
