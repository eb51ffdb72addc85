import { basename } from 'node:path';
import { createProber, type Probe } from '../../../../platform/onnx/probe/prober.ts';

const RUNS = 300;
const KEPT = 500;

const prober = createProber();
const finished = new Map<string, Probe>();
const running = new Map<string, Promise<Probe>>();

/**
 * Opens and runs a model file in a process of its own; results are kept by content (blob paths end in the digest).
 * Never throws: a crash or a time-out is a finding.
 */
export function probeModel(path: string): Promise<Probe> {
  const key = basename(path);
  const known = finished.get(key);
  if (known) return Promise.resolve(known);
  const under = running.get(key);
  if (under) return under;
  const probe = prober.probe({ path, runs: RUNS });
  running.set(key, probe);
  void probe.then((result) => {
    running.delete(key);
    if (finished.size >= KEPT) finished.clear();
    finished.set(key, result);
  });
  return probe;
}
