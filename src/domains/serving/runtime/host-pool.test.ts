import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../../test/eventually.ts';
import { hangingModel, harmless, hungryModel } from '../../../../test/serving/faulty-models.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { type HostPool, openHostPool } from './host-pool.ts';
import type { Fault, HostEvents, ModelHost } from './model-host.ts';
import { openProcessHost } from './process-host.ts';
import { restartDelayMs } from './restart.model.ts';
import type { NamedTensor } from './tensors.ts';
import { openThreadHost } from './thread-host.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-hosts-'));
const pathOf = (name: string) => join(folder, `${name}.onnx`);
beforeAll(() => {
  writeFileSync(pathOf('slow'), logisticModel({ weights: [1], burn: 200 }));
  writeFileSync(pathOf('hanging'), hangingModel());
  writeFileSync(pathOf('hungry'), hungryModel());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const one = (value: number): NamedTensor[] => [
  { name: 'features', datatype: 'FP32', shape: [1, 1], data: Float32Array.of(value) },
];
const score = (outputs: NamedTensor[]) => Number(outputs[0].data[0]);

/** Processes of this one that have the model open. */
function processesOf(name: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(pathOf(name));
      } catch {
        return false;
      }
    });
}

async function openPool(
  name: string,
  options: { hosts?: number; timeoutMs?: number; memoryBytes?: number | null } = {},
): Promise<{ pool: HostPool; faults: Fault[] }> {
  const faults: Fault[] = [];
  const pool = await openHostPool(openProcessHost(pathOf(name), 1), {
    hosts: 1,
    timeoutMs: 120_000,
    memoryBytes: null,
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  return { pool, faults };
}

test('a process answers like a thread', async () => {
  const { pool } = await openPool('slow');
  const threads = await openHostPool(openThreadHost(pathOf('slow'), 1), {
    hosts: 1,
    timeoutMs: 120_000,
    memoryBytes: null,
    onFault: () => {},
  });
  expect(await pool.run(one(2))).toEqual(await threads.run(one(2)));
  await Promise.all([pool.close(), threads.close()]);
  expect(processesOf('slow')).toEqual([]);
});

test.skipIf(process.platform !== 'linux')(
  'a process killed in the middle of a run is replaced; what ran in it and what waited is answered',
  async () => {
    const { pool, faults } = await openPool('slow');
    const runs = Array.from({ length: 5 }, (_, i) => pool.run(one(i)));
    await wait(30);
    const [pid] = processesOf('slow');
    process.kill(pid, 'SIGKILL');
    const scores = (await Promise.all(runs)).map(score);
    expect(scores.map((value) => value.toFixed(4))).toEqual(
      [0, 1, 2, 3, 4].map((value) => (1 / (1 + Math.exp(-value))).toFixed(4)),
    );
    expect(faults.map(({ kind }) => kind)).toEqual(['crash']);
    expect(processesOf('slow')).not.toContain(pid);
    await pool.close();
  },
);

test('a run that hangs is ended with its process; the next is answered, and the caller told', async () => {
  const { pool, faults } = await openPool('hanging', { timeoutMs: 2000 });
  const [hung, waiting] = await Promise.allSettled([pool.run(one(harmless + 1)), pool.run(one(0))]);
  expect(hung).toMatchObject({ status: 'rejected', reason: { code: 'serving.request.timeout' } });
  expect(waiting.status).toBe('fulfilled');
  expect(faults.map(({ kind }) => kind)).toEqual(['hang']);
  await pool.close();
  expect(processesOf('hanging')).toEqual([]);
});

test.skipIf(process.platform !== 'linux')(
  'a process that takes too much memory is ended; a request that does so twice is told',
  async () => {
    const { pool, faults } = await openPool('hungry', { memoryBytes: 300 * 1024 * 1024 });
    await expect(pool.run(one(harmless + 3))).rejects.toMatchObject({ code: 'serving.model.crashed' });
    expect(score(await pool.run(one(0)))).toBeCloseTo(0.5);
    expect(faults.map(({ kind }) => kind)).toEqual(['memory', 'memory']);
    await pool.close();
  },
);

/** Hosts that a test answers for, and lets die. */
function puppets() {
  const opened: { events: HostEvents; posted: number[] }[] = [];
  const state = { fails: 0 };
  const open = async (events: HostEvents): Promise<ModelHost> => {
    if (state.fails > 0) {
      state.fails--;
      throw new Error('no room');
    }
    const posted: number[] = [];
    opened.push({ events, posted });
    return {
      inputs: [],
      outputs: [],
      pid: null,
      post: (id) => void posted.push(id),
      end: async () => {},
      kill: null,
      residentBytes: async () => null,
    };
  };
  return { open, opened, state };
}

test('one that dies leaves the pool at once and is started again, later each time it dies', async () => {
  const { open, opened, state } = puppets();
  const faults: Fault[] = [];
  const pool = await openHostPool(open, {
    hosts: 2,
    timeoutMs: 10_000,
    memoryBytes: null,
    onFault: (fault) => faults.push(fault),
  });
  opened[0].events.onGone('It ended.');
  // Nobody is given to the dead one while its successor starts.
  void pool.run(one(1)).catch(() => {});
  expect(opened[1].posted).toHaveLength(1);
  expect(opened[0].posted).toHaveLength(0);
  await eventually(() => expect(opened).toHaveLength(3));
  expect(faults.map(({ kind }) => kind)).toEqual(['stopped']);
  state.fails = 1;
  opened[2].events.onGone('It ended.');
  await eventually(() => expect(faults.map(({ kind }) => kind)).toEqual(['stopped', 'stopped', 'crash']));
  await eventually(() => expect(opened).toHaveLength(4));
  expect([0, 1, 2, 3, 20].map(restartDelayMs)).toEqual([0, 100, 200, 400, 10_000]);
});

test('while none is up and none is soon, runs are told at once', async () => {
  const { open, opened, state } = puppets();
  const pool = await openHostPool(open, {
    hosts: 1,
    timeoutMs: 10_000,
    memoryBytes: null,
    onFault: () => {},
  });
  const run = pool.run(one(1));
  state.fails = 100;
  opened[0].events.onGone('It ended.');
  await expect(run).rejects.toMatchObject({ code: 'serving.model.restarting' });
  await expect(pool.run(one(1))).rejects.toMatchObject({ code: 'serving.model.restarting' });
  await pool.close();
});
