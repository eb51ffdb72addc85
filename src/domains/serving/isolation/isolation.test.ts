import { afterEach, expect, test } from 'vitest';
import { openTestPlatform } from '../../../../test/databases.ts';
import type { Probe } from '../../../platform/onnx/probe/prober.ts';
import { defaultSettings } from '../runtime/runner.ts';
import { servingMigrations } from '../serving.tables.ts';
import { createIsolation } from './isolation.service.ts';

const good: Probe = { opened: true, problem: null, failure: null, p99: 0.1, repeatable: true };
const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function open(answer: Probe) {
  const { platform, cleanup } = await openTestPlatform('sqlite', servingMigrations);
  cleanups.push(cleanup);
  const asked: string[] = [];
  const prober = {
    async probe({ path }: { path: string }) {
      asked.push(path);
      return answer;
    },
    close: () => {},
  };
  const scope = platform.systemScope('system:test');
  return { scope, asked, isolation: () => createIsolation(prober) };
}
const model = (operators: Record<string, number>) => ({ digest: 'sha256:a', path: '/a', operators });

test('bytes are tried once, however many ask, and not again after a restart', async () => {
  const { scope, asked, isolation } = await open(good);
  const first = isolation();
  const all = await Promise.all(
    [1, 2, 3].map(() => first.assess(scope, model({ MatMul: 1 }), defaultSettings)),
  );
  expect(all).toEqual([null, null, null]);
  expect(await isolation().assess(scope, model({ MatMul: 1 }), defaultSettings)).toBeNull();
  expect(asked).toEqual(['/a']);
});

test('what brings its process down is refused with the reason, and tried again when asked again', async () => {
  const { scope, asked, isolation } = await open({ ...good, failure: 'hang', problem: 'it did not finish' });
  const one = isolation();
  for (let i = 0; i < 2; i++)
    await expect(one.assess(scope, model({ MatMul: 1 }), defaultSettings)).rejects.toMatchObject({
      code: 'serving.model.refused',
      message: 'The model was tried in a process of its own: it did not finish.',
    });
  expect(asked).toHaveLength(2);
});

test('a suspicious graph gets a process of its own without a trial; a declared place is kept', async () => {
  const { scope, asked, isolation } = await open(good);
  const one = isolation();
  const loop = model({ Loop: 1 });
  expect(await one.assess(scope, loop, defaultSettings)).toContain('Loop');
  expect(await one.assess(scope, loop, { ...defaultSettings, placement: 'process' })).toBeNull();
  expect(asked).toEqual([]);
  expect(await one.assess(scope, loop, { ...defaultSettings, placement: 'inline' })).toBeNull();
  expect(asked).toEqual(['/a']);
});
