import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import type { Probe } from '../evidence.model.ts';

const program = join(import.meta.dirname, 'probe-main.ts');
const TIMEOUT_MS = 30_000;
const KEPT = 500;

const finished = new Map<string, Probe>();
const running = new Map<string, Promise<Probe>>();
let turn: Promise<unknown> = Promise.resolve();

/**
 * Opens and runs a model file in a process of its own, one model at a time; results are kept by content (blob paths
 * end in the digest). Never throws: a crash or a time-out is a finding.
 */
export function probeModel(path: string): Promise<Probe> {
  const key = basename(path);
  const known = finished.get(key);
  if (known) return Promise.resolve(known);
  const under = running.get(key);
  if (under) return under;
  const probe = turn.then(() => runProbe(path));
  turn = probe;
  running.set(key, probe);
  void probe.then((result) => {
    running.delete(key);
    if (finished.size >= KEPT) finished.clear();
    finished.set(key, result);
  });
  return probe;
}

function runProbe(path: string): Promise<Probe> {
  return new Promise((resolve) => {
    const fail = (problem: string) => resolve({ opened: false, problem, p99: null, repeatable: null });
    execFile(
      process.execPath,
      [program, path],
      { timeout: TIMEOUT_MS, killSignal: 'SIGKILL' },
      (error, stdout) => {
        if (error?.killed) return fail(`it did not finish within ${TIMEOUT_MS / 1000} seconds`);
        try {
          resolve(JSON.parse(stdout) as Probe);
        } catch {
          fail('the process that opened it died');
        }
      },
    );
  });
}
