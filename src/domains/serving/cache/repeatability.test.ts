import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { failingModel, logisticModel, randomModel } from '../../../../test/serving/models.ts';
import { openInlineRunner } from '../runtime/runners.ts';
import { whyNotRepeatable } from './repeatability.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-repeatable-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['a model that draws at random', randomModel(), {}, /two answers to the same row/],
  [
    'one whose operators say so',
    logisticModel({ weights: [1] }),
    { Multinomial: 2 },
    /random \(Multinomial\)/,
  ],
  ['a plain model', logisticModel({ weights: [1, 2] }), { MatMul: 1, Bernoulli: 0 }, null],
  ['one that does not take the row', failingModel(2), {}, null],
])('%s', async (name, bytes, operators, reason) => {
  const path = join(folder, `${name.replaceAll(' ', '-')}.onnx`);
  writeFileSync(path, bytes);
  const runner = await openInlineRunner(path, 1);
  try {
    const why = await whyNotRepeatable(runner, operators);
    if (reason === null) expect(why).toBeNull();
    else expect(why).toMatch(reason);
  } finally {
    await runner.close();
  }
});
