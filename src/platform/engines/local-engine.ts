import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { link, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '../json.ts';
import type { Engine, EngineProgress, EngineStatus, EngineTask } from './engine.ts';
import { machineIdentity, processStartTime } from './process-identity.ts';

/**
 * The wrapper of every task. `$1` is the task's folder, the rest its command. It claims the folder by creating
 * `process` (noclobber: of two wrappers one wins, the other leaves without a trace), runs the command in the
 * same process group, and writes `exit.json` under another name first, so that the file is whole when it is there.
 * It ignores TERM itself, so that it is there to write down how its command took it, and ends what its command
 * left behind in the group.
 */
const wrapper = `
dir=$1; shift
set -C
{ echo "$$ $HOUSTON_MACHINE" > "$dir/process"; } 2>/dev/null || exit 0
set +C
trap : TERM INT HUP
( trap - TERM INT HUP; unset HOUSTON_MACHINE; exec "$@" ) &
child=$!
wait $child; code=$?
while kill -0 $child 2>/dev/null; do wait $child; code=$?; done
printf '{"exitCode":%d}' "$code" > "$dir/exit.json.part" && mv "$dir/exit.json.part" "$dir/exit.json"
trap '' TERM; kill -TERM 0
`;

const files = {
  manifest: 'manifest.json',
  process: 'process',
  exit: 'exit.json',
  log: 'log.txt',
  outputs: 'outputs.json',
  progress: 'progress.jsonl',
  output: 'output',
} as const;

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

export type LocalEngineOptions = {
  /** Where each task gets a folder, named by its external id. */
  folder: string;
  /** How often a task that this server did not start is looked at. */
  pollMs?: number;
};

/** Runs tasks as child processes of this machine that survive the server. */
export function createLocalEngine({ folder, pollMs = 100 }: LocalEngineOptions): Engine {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  /** Tasks that this server started: resolved at once when they end. */
  const children = new Map<string, Promise<void>>();
  const at = (externalId: string, ...parts: string[]) => {
    if (!idPattern.test(externalId)) throw new Error(`"${externalId}" is not an external id.`);
    return join(folder, externalId, ...parts);
  };

  async function find(externalId: string): Promise<EngineStatus | null> {
    const exited = await readExit(at(externalId, files.exit));
    if (exited) return exited;
    const claim = await readText(at(externalId, files.process));
    if (claim === null || !claim.endsWith('\n'))
      return children.has(externalId) ? { state: 'running' } : null;
    if (await isAlive(externalId, claim)) return { state: 'running' };
    // It may have ended between the two looks.
    return (await readExit(at(externalId, files.exit))) ?? { state: 'lost' };
  }

  /** The wrapper's number, machine and start time; the start time is added by whoever sees it alive first. */
  async function isAlive(externalId: string, claim: string): Promise<boolean> {
    const [pid = '', machine] = claim.trim().split(' ');
    if (machine !== machineIdentity()) return false;
    const startTime = processStartTime(Number(pid));
    if (startTime === null) return false;
    const noted = await readText(at(externalId, 'start'));
    if (noted !== null) return noted === startTime;
    if (!(await isWrapperOf(Number(pid), at(externalId)))) return false;
    await writeFile(at(externalId, 'start'), startTime);
    return true;
  }

  async function wait(
    externalId: string,
    { signal, progress }: { signal: AbortSignal; progress?(state: EngineProgress): void },
  ): Promise<EngineStatus> {
    let shown = '';
    for (;;) {
      signal.throwIfAborted();
      if (progress) {
        const line = await lastLine(at(externalId, files.progress));
        const state = line === shown ? null : parseProgress(line);
        if (state) progress(state);
        shown = line;
      }
      const status = await find(externalId);
      if (!status) throw new Error(`The task ${externalId} is unknown to the local engine.`);
      if (status.state === 'lost') await endOrphans(externalId);
      if (status.state !== 'running') return status;
      const child = children.get(externalId);
      await Promise.race([
        delay(child ? Math.max(pollMs, 250) : pollMs, undefined, { signal }),
        ...(child ? [child] : []),
      ]).catch(() => {});
    }
  }

  /** The wrapper is gone without a word; what it started may live on in its group, whose number is then still taken. */
  async function endOrphans(externalId: string): Promise<void> {
    const [pid = '', machine] = ((await readText(at(externalId, files.process))) ?? '').trim().split(' ');
    if (machine === machineIdentity() && processStartTime(Number(pid)) === null)
      signalGroup(Number(pid), 'SIGKILL');
  }

  return {
    name: 'local',
    find,
    wait,
    async submit(task) {
      if ((await find(task.externalId)) !== null) return;
      await prepareFolder(task, at);
      children.set(
        task.externalId,
        start(task, at).finally(() => children.delete(task.externalId)),
      );
    },
    async logs(externalId, { offset = 0, limit = 1_000_000 } = {}) {
      return readLog(at(externalId, files.log), offset, limit);
    },
    async collect(externalId) {
      const text = await readText(at(externalId, files.outputs));
      return {
        outputs: text === null ? null : (JSON.parse(text) as JsonObject),
        outputDir: at(externalId, files.output),
      };
    },
    async stop(externalId, { graceMs = 5_000 } = {}) {
      const group = await liveGroup();
      if (group === null) return;
      signalGroup(group, 'SIGTERM');
      const deadline = Date.now() + graceMs;
      while (Date.now() < deadline) {
        if ((await find(externalId))?.state !== 'running') break;
        await delay(20);
      }
      // Also what the command left behind in its group after ending by itself.
      signalGroup(group, 'SIGKILL');
      while ((await find(externalId))?.state === 'running') await delay(10);
      await writeKilled(at(externalId, files.exit));

      async function liveGroup(): Promise<number | null> {
        // A wrapper that was only just started has not written its number yet.
        for (let look = 0; look < 50; look++) {
          if ((await find(externalId))?.state !== 'running') return null;
          const claim = await readText(at(externalId, files.process));
          if (claim?.endsWith('\n')) return Number(claim.split(' ')[0]);
          await delay(20);
        }
        return null;
      }
    },
    async clean(externalId) {
      await rm(at(externalId, files.output), { recursive: true, force: true });
      await rm(at(externalId, files.manifest), { force: true });
    },
  };
}

type Paths = (externalId: string, ...parts: string[]) => string;

async function prepareFolder(task: EngineTask, at: Paths): Promise<void> {
  const { externalId: id } = task;
  mkdirSync(at(id, files.output), { recursive: true, mode: 0o700 });
  const manifest = {
    ...task.manifest,
    outputDir: at(id, files.output),
    outputs: at(id, files.outputs),
    progress: at(id, files.progress),
  };
  // Two servers may submit one task at a time: each writes its own copy of the same content.
  const part = at(id, `${files.manifest}.${randomUUID()}`);
  await writeFile(part, JSON.stringify(manifest, null, 2), { mode: 0o600 });
  await rename(part, at(id, files.manifest));
}

/** Starts the wrapper as the leader of a new session; resolves when it has ended. */
function start(task: EngineTask, at: Paths): Promise<void> {
  const { externalId: id } = task;
  const log = openSync(at(id, files.log), 'a', 0o600);
  try {
    const child = spawn('/bin/sh', ['-c', wrapper, 'houston-step', at(id), ...task.command], {
      cwd: at(id, files.output),
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...task.env, HOUSTON_STEP_MANIFEST: at(id, files.manifest), HOUSTON_MACHINE: machineIdentity() },
    });
    child.unref();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  } finally {
    closeSync(log);
  }
}

/** Whether a live process is the wrapper of this folder, and not another that got its number since. */
async function isWrapperOf(pid: number, folder: string): Promise<boolean> {
  const commandLine = await readText(`/proc/${pid}/cmdline`);
  // Elsewhere than on Linux the number alone must do.
  return commandLine === null ? process.platform !== 'linux' : commandLine.split('\0').includes(folder);
}

async function readExit(path: string): Promise<EngineStatus | null> {
  const text = await readText(path);
  if (text === null) return null;
  const { exitCode, signal } = JSON.parse(text) as { exitCode: number; signal?: string };
  const endedAt = Math.round((await stat(path)).mtimeMs);
  return { state: 'exited', exitCode, signal: signal ?? signalOf(exitCode), endedAt };
}

/** A shell reports a death by signal N as 128 + N. */
function signalOf(exitCode: number): string | null {
  const names: Record<number, string> = {
    130: 'SIGINT',
    134: 'SIGABRT',
    137: 'SIGKILL',
    139: 'SIGSEGV',
    143: 'SIGTERM',
  };
  return names[exitCode] ?? null;
}

/** Notes that a group was killed, unless its wrapper managed to write how it ended. */
async function writeKilled(path: string): Promise<void> {
  const part = `${path}.killed`;
  await writeFile(part, JSON.stringify({ exitCode: 137, signal: 'SIGKILL' }));
  await link(part, path).catch(() => {});
  await rm(part, { force: true });
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // Nobody is left in it.
  }
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ESRCH'
    )
      return null;
    throw error;
  }
}

async function readLog(path: string, offset: number, limit: number) {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  const from = Math.min(Math.max(offset, 0), size);
  const buffer = Buffer.alloc(Math.min(limit, size - from));
  if (buffer.length === 0) return { text: '', next: from, size };
  const file = await open(path);
  try {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    const whole = wholeCharacters(buffer.subarray(0, bytesRead));
    return { text: buffer.toString('utf8', 0, whole), next: from + whole, size };
  } finally {
    await file.close();
  }
}

/** How many bytes hold whole UTF-8 characters; all of them when what is left over is not UTF-8 at all. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back && bytes.length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

async function lastLine(path: string): Promise<string> {
  const text = await readText(path);
  const lines = text?.slice(0, text.lastIndexOf('\n')).split('\n');
  return lines?.at(-1) ?? '';
}

/** `{"progress": 0.5, "note": "…"}`; null for anything else. */
function parseProgress(line: string): EngineProgress | null {
  try {
    const { progress, note } = JSON.parse(line) as { progress?: unknown; note?: unknown };
    if (typeof progress !== 'number' || !(progress >= 0 && progress <= 1)) return null;
    return { fraction: progress, note: typeof note === 'string' ? note.slice(0, 500) : null };
  } catch {
    return null;
  }
}
