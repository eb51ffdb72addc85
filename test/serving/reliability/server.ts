import { type ChildProcess, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

export type Incident = {
  id: string;
  deployment: string | null;
  rule: string;
  state: string;
  severity: string;
  reason: string;
  openedAt: string;
  resolvedAt: string | null;
};

/** How long a state is waited for: on a busy machine it comes late. */
export const patienceMs = 300_000;

/** A running server and what a person does to it over HTTP. */
export function talkTo(url: string, child: Pick<ChildProcess, 'pid'>) {
  const call = async (method: string, path: string, body?: unknown) => {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body !== undefined && {
        body: isBytes ? Buffer.from(body) : JSON.stringify(body),
        headers: { 'content-type': isBytes ? 'application/octet-stream' : 'application/json' },
      }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : null };
  };
  const must = async (method: string, path: string, body?: unknown) => {
    const reply = await call(method, path, body);
    if (reply.status >= 300)
      throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body;
  };
  return {
    call,
    must,
    register: (model: string, bytes: Uint8Array) =>
      must('POST', `/api/registry/models/${model}/versions`, bytes),
    declare: (name: string, spec: object) =>
      must('PUT', `/api/serving/deployments/${name}`, { model: name, ...spec }),
    deploy: (name: string, model = name) =>
      must('POST', `/api/serving/deployments/${name}/deploy`, { model }),
    async infer(name: string, rows: number[]) {
      const input = { name: 'features', datatype: 'FP32', shape: [rows.length, 1], data: rows };
      return call('POST', `/v2/models/${name}/infer`, { inputs: [input] }).catch(() => ({
        status: 0,
        body: null,
      }));
    },
    async incidents(): Promise<Incident[]> {
      return (await must('GET', '/api/monitoring/incidents?limit=1000')).items;
    },
    /** Waits until something is so; false when it never was. */
    async until(isSo: () => Promise<boolean>): Promise<boolean> {
      const end = Date.now() + patienceMs;
      while (Date.now() < end) {
        if (await isSo().catch(() => false)) return true;
        await wait(300);
      }
      return false;
    },
    /** Processes of the server that run the model of this file. */
    modelProcesses(digest?: string): number[] {
      return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .filter((pid) => {
          try {
            const isChild =
              readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')[1] === String(child.pid);
            const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
            return (
              isChild &&
              command.includes('session-host') &&
              (digest === undefined || command.includes(digest))
            );
          } catch {
            // It is gone.
            return false;
          }
        });
    },
    residentMb(): number {
      const pages = Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]);
      return Math.round((pages * 4096) / 1024 / 1024);
    },
  };
}

export type Server = ReturnType<typeof talkTo>;

/** A small disk of memory on a folder; a sentence when that cannot be made here. */
export function mountSmallDisk(folder: string, megabytes: number): { unmount(): void } | string {
  if (process.getuid?.() !== 0) return 'mounting a small disk needs root';
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    return `a small disk cannot be mounted: ${error instanceof Error ? error.message.split('\n')[0] : error}`;
  }
  return { unmount: () => void execFileSync('umount', ['-l', folder]) };
}
