import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { alwaysHangingModel, leakingModel } from '../../../../test/serving/faulty-models.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { createProber, probeLimits } from './prober.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-probe-'));
const limits = { ms: 8000, bytes: 700 * 1024 * 1024 };
const prober = createProber(() => limits);
afterAll(() => {
  prober.close();
  rmSync(folder, { recursive: true, force: true });
});
const file = (name: string, bytes: Uint8Array) => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

test('a model that runs is timed and repeated; bytes that are none say why', async () => {
  const path = file('good.onnx', logisticModel({ weights: [1, 2, 3] }));
  const found = await prober.probe({ path, runs: 20 });
  expect(found).toMatchObject({ opened: true, problem: null, failure: null, repeatable: true });
  expect(found.p99).toBeGreaterThan(0);
  const broken = await prober.probe({ path: file('bad.onnx', Buffer.from('no model')), runs: 1 });
  expect(broken).toMatchObject({ opened: false, failure: null });
  expect(broken.problem).toMatch(/protobuf|load/i);
});

test('one that hangs is ended, and keeps nobody waiting', async () => {
  let isHanging = true;
  const hangs = prober.probe({ path: file('hangs.onnx', alwaysHangingModel()), runs: 1 }).finally(() => {
    isHanging = false;
  });
  const good = file('also-good.onnx', leakingModel());
  expect(await prober.probe({ path: good, runs: 1 })).toMatchObject({ opened: true, failure: null });
  expect(isHanging).toBe(true);
  expect(await hangs).toMatchObject({ opened: false, failure: 'hang' });
  expect((await prober.probe({ path: good, runs: 1 })).failure).toBeNull();
});

test.skipIf(process.platform !== 'linux')('one that takes too much memory is ended', async () => {
  const small = createProber(() => ({ ms: 60_000, bytes: 64 * 1024 * 1024 }));
  const path = file('large.onnx', logisticModel({ weights: [1], burn: 400 }));
  expect((await small.probe({ path, runs: 1 })).failure).toBe('memory');
  small.close();
});

test('limits grow with the file', () => {
  const [less, more] = [probeLimits(1000), probeLimits(1024 ** 3)];
  expect(more.ms).toBeGreaterThan(less.ms);
  expect(more.bytes).toBeGreaterThan(5 * 1024 ** 3);
});
