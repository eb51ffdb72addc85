/**
 * Trains three small models on invented loans and registers them, so that houston.yaml has something to put together.
 *
 *   node examples/graphs/models.ts [--url http://127.0.0.1:1969]
 */
import { parseArgs } from 'node:util';
import { createClient, type HoustonClient } from '../../src/client/client.ts';
import { GRADIENT_BOOSTING_DEFAULTS, trainGradientBoosting } from '../../src/math/learn/gradient-boosting.ts';
import {
  LOGISTIC_REGRESSION_DEFAULTS,
  trainLogisticRegression,
} from '../../src/math/learn/logistic-regression.ts';
import { createRandom } from '../../src/math/random.ts';
import { gradientBoostingToOnnx } from '../../src/platform/onnx/gradient-boosting-onnx.ts';
import { logisticRegressionToOnnx } from '../../src/platform/onnx/logistic-regression-onnx.ts';

/** Income and debt in thousands, months as a customer, amount in thousands. */
export const features = ['income', 'debt', 'months', 'amount'];

/** Rows of loans; new customers pay late for other reasons than known ones. */
export function drawLoans(rows: number, seed: number, isNew: (months: number) => boolean = () => true) {
  const random = createRandom(seed);
  const loans: number[][] = [];
  const labels: number[] = [];
  while (loans.length < rows) {
    const income = 20 + 60 * random.next();
    const debt = 40 * random.next();
    const months = Math.floor(48 * random.next());
    const amount = 1 + 29 * random.next();
    if (!isNew(months)) continue;
    const logit =
      months < 6
        ? 0.12 * amount - 0.03 * income
        : 0.09 * debt - 0.05 * income - 0.02 * months + 0.04 * amount;
    loans.push([income, debt, months, amount]);
    labels.push(random.next() < 1 / (1 + Math.exp(-logit)) ? 1 : 0);
  }
  return { loans, labels };
}

function tableOf({ loans, labels }: ReturnType<typeof drawLoans>) {
  const columns = features.map((_, i) => Float32Array.from(loans, (loan) => loan[i]));
  return { columns, names: features, labels: Uint8Array.from(labels) };
}

/** Trains and registers the models of the example, with the alias that it names them by. */
export async function registerModels(client: HoustonClient): Promise<void> {
  const fresh = tableOf(drawLoans(2000, 1, (months) => months < 6));
  const known = tableOf(drawLoans(4000, 2, (months) => months >= 6));
  const trees = { ...GRADIENT_BOOSTING_DEFAULTS, trees: 40, leaves: 8 };
  const models: [string, Uint8Array][] = [
    ['loans-new', logisticRegressionToOnnx(trainLogisticRegression(fresh, LOGISTIC_REGRESSION_DEFAULTS))],
    ['loans-linear', logisticRegressionToOnnx(trainLogisticRegression(known, LOGISTIC_REGRESSION_DEFAULTS))],
    ['loans-trees', gradientBoostingToOnnx(trainGradientBoosting(known, trees))],
  ];
  for (const [name, bytes] of models) {
    await client.post(`/api/registry/models/${name}/versions`, Buffer.from(bytes), {
      contentType: 'application/octet-stream',
      query: { alias: 'champion', source: 'examples/graphs/models.ts' },
    });
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { url: { type: 'string', default: 'http://127.0.0.1:1969' } } });
  const client = createClient({ url: values.url });
  await registerModels(client);
  console.log('Registered loans-new, loans-linear and loans-trees.');
  client.close();
}
