import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import {
  expected,
  flightsTable,
  rowMajor,
  split,
  syntheticTable,
} from '../../../test/fixtures/learn/learning-data.ts';
import { GRADIENT_BOOSTING_DEFAULTS, trainGradientBoosting } from '../../math/learn/gradient-boosting.ts';
import {
  LOGISTIC_REGRESSION_DEFAULTS,
  trainLogisticRegression,
} from '../../math/learn/logistic-regression.ts';
import { type ProbabilityModel, predictProbability } from '../../math/learn/probability-model.ts';
import type { TrainingTable } from '../../math/learn/training-table.ts';
import { gradientBoostingToOnnx } from './gradient-boosting-onnx.ts';
import { logisticRegressionToOnnx } from './logistic-regression-onnx.ts';
import { readOnnx } from './onnx-reader.ts';

const toOnnx = (model: ProbabilityModel): Uint8Array =>
  model.kind === 'gradient-boosting' ? gradientBoostingToOnnx(model) : logisticRegressionToOnnx(model);

const boosted = (table: TrainingTable, changes = {}) =>
  trainGradientBoosting(table, { ...GRADIENT_BOOSTING_DEFAULTS, ...changes });
const logistic = (table: TrainingTable) => trainLogisticRegression(table, LOGISTIC_REGRESSION_DEFAULTS);

function openSession(model: ProbabilityModel): Promise<InferenceSession> {
  return InferenceSession.create(toOnnx(model), { intraOpNumThreads: 1 });
}

/** Runs the file in ONNX Runtime and compares every row with the model itself. */
async function expectAgreement(session: InferenceSession, model: ProbabilityModel, columns: Float32Array[]) {
  const wanted = predictProbability(model, columns);
  const features = new Tensor('float32', rowMajor(columns), [wanted.length, columns.length]);
  const { label, probabilities } = await session.run({ features });
  expect(label.type).toBe('int64');
  expect(label.dims).toEqual([wanted.length]);
  expect(probabilities.dims).toEqual([wanted.length, 2]);
  const found = probabilities.data as Float32Array;
  const labels = label.data as BigInt64Array;
  let largest = 0;
  let wrongLabels = 0;
  for (let i = 0; i < wanted.length; i++) {
    const [negative, positive] = [found[2 * i], found[2 * i + 1]];
    largest = Math.max(largest, Math.abs(positive - wanted[i]), Math.abs(negative - (1 - wanted[i])));
    const isClear = Math.abs(wanted[i] - 0.5) > 1e-6;
    if (isClear && labels[i] !== (wanted[i] > 0.5 ? 1n : 0n)) wrongLabels++;
  }
  expect(largest).toBeLessThan(1e-6);
  expect(wrongLabels).toBe(0);
}

describe('ONNX Runtime agrees with the model', () => {
  const tables = { synthetic: () => syntheticTable(expected.synthetic.rows), flights: flightsTable };

  it.each([
    ['boosted trees', 'synthetic', boosted],
    ['boosted trees', 'flights', boosted],
    ['logistic regression', 'synthetic', logistic],
    ['logistic regression', 'flights', logistic],
  ] as const)('%s on %s', async (_, name, train) => {
    const parts = split(tables[name]());
    const model = train(parts.train);
    await expectAgreement(await openSession(model), model, [...parts.test.columns]);
  });

  it('on missing, huge and infinite values and on the thresholds themselves', async () => {
    const table = syntheticTable(2000);
    const models = [boosted(table), logistic(table)];
    const sessions = await Promise.all(models.map(openSession));
    const thresholds = models.flatMap((model) =>
      model.kind === 'gradient-boosting' ? model.trees.flatMap((tree) => tree.threshold) : [],
    );
    const value = fc.oneof(
      fc.constantFrom(Number.NaN, 0, -0, 3.4028234663852886e38),
      fc.constantFrom(...thresholds),
      fc.float(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 6, maxLength: 6 }), async (row) => {
        const columns = row.map((x) => Float32Array.of(x));
        await expectAgreement(sessions[0], models[0], columns);
        const isModest = row.every((x) => Number.isNaN(x) || Math.abs(x) < 1e30);
        if (isModest) await expectAgreement(sessions[1], models[1], columns);
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 1])('when all leaves have one sign, label %d being rare', async (rare) => {
    const x = Float32Array.from({ length: 400 }, (_, i) => i);
    const labels = Uint8Array.from(x, (v) => (v === 7 ? rare : 1 - rare));
    const model = boosted({ columns: [x], names: ['x'], labels }, { trees: 1, leaves: 2 });
    for (const tree of model.trees)
      tree.value = tree.value.map((v) => (rare === 1 ? Math.abs(v) : -Math.abs(v)));
    await expectAgreement(await openSession(model), model, [x]);
  });

  it('when a feature of a logistic model has a large mean and a small spread', async () => {
    const x = Float32Array.from({ length: 200 }, (_, i) => 1_700_000_000 + 128 * i);
    const labels = Uint8Array.from(x, (_, i) => (i + (i % 3) * 40 > 120 ? 1 : 0));
    const model = logistic({ columns: [x], names: ['seconds'], labels });
    await expectAgreement(await openSession(model), model, [x]);
  });
});

describe('the file', () => {
  const table = syntheticTable(500);

  it.each([
    [
      'gradient-boosting',
      boosted(table, { trees: 3 }),
      { TreeEnsembleRegressor: 1, Mul: 1, Sigmoid: 1, ArgMax: 1 },
    ],
    ['logistic-regression', logistic(table), { IsNaN: 1, MatMul: 1, Sigmoid: 2 }],
  ] as const)('of %s tells its interface, features and producer', (kind, model, opTypes) => {
    const summary = readOnnx(toOnnx(model));
    expect(summary).toMatchObject({
      irVersion: 7,
      producer: 'houston',
      opsets: [
        { domain: '', version: 13 },
        { domain: 'ai.onnx.ml', version: 1 },
      ],
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 6] }],
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
      opTypes,
      metadata: {
        'houston.producer': kind,
        'houston.features': JSON.stringify(table.names),
      },
    });
  });

  it('is the same for the same model', () => {
    expect(toOnnx(boosted(table, { trees: 3 }))).toEqual(toOnnx(boosted(table, { trees: 3 })));
  });
});
