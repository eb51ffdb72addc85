import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { failingModel, logisticModel } from '../../../../test/serving/models.ts';
import { batched } from './batching.ts';
import { openOnnxSession } from './onnx-session.ts';
import type { NamedTensor } from './tensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-batch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function open(bytes: Uint8Array) {
  const path = join(folder, `${Math.abs(bytes.length)}.onnx`);
  writeFileSync(path, bytes);
  const session = await openOnnxSession(path, 1);
  let runs = 0;
  const counted = {
    ...session,
    run(feeds: readonly NamedTensor[]) {
      runs++;
      return session.run(feeds);
    },
  };
  const run = await batched(counted);
  runs = 0;
  return { run, session, runs: () => runs };
}

const rows = (values: number[][]): NamedTensor[] => [
  {
    name: 'features',
    datatype: 'FP32',
    shape: [values.length, values[0].length],
    data: Float32Array.from(values.flat()),
  },
];

test('runs that arrive together become one, and each gets its own rows', async () => {
  const { run, session, runs } = await open(logisticModel({ weights: [1, 2] }));
  const requests = Array.from({ length: 40 }, (_, i) =>
    rows(Array.from({ length: 1 + (i % 3) }, (__, row) => [i / 10, row])),
  );
  const together = await Promise.all(requests.map((feeds) => run(feeds)));
  expect(runs()).toBeLessThanOrEqual(3);
  for (const [i, feeds] of requests.entries()) {
    const [alone] = await session.run(feeds);
    expect(together[i][0].shape).toEqual(alone.shape);
    expect([...(together[i][0].data as Float32Array)]).toEqual(
      [...(alone.data as Float32Array)].map((value) => expect.closeTo(value, 6)),
    );
  }
});

test('a bad request fails by itself', async () => {
  const { run } = await open(failingModel(1));
  const settled = await Promise.allSettled([0, 0, 3, 0, 5, 0].map((x) => run(rows([[x]]))));
  expect(settled.map((one) => one.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
});
