import { logLoss, rocAuc } from '../../../math/classification.ts';
import { createRandom } from '../../../math/random.ts';
import type { EvaluationReport } from './evaluation.contract.ts';
import { orNull } from './figures.ts';
import type { ModelRunner } from './model-runner.ts';

/**
 * Permutation importance on a sample of rows: what the model loses when one column is shuffled. A feature that a
 * twin column can replace looks unimportant. Source: L. Breiman (2001), "Random forests", section 10.
 */
export async function permutationImportance(
  model: ModelRunner,
  columns: readonly Float32Array[],
  labels: Uint8Array,
  options: { sample?: number; repeats?: number; seed: number },
): Promise<EvaluationReport['importance']> {
  const { sample = 5000, repeats = 3, seed } = options;
  const random = createRandom(seed);
  const order = random.shuffle(Uint32Array.from(labels, (_, row) => row)).subarray(0, sample);
  const y = Uint8Array.from(order, (row) => labels[row]!);
  const drawn = columns.map((column) => Float32Array.from(order, (row) => column[row]!));
  const whole = await model.score(drawn);
  const auc = rocAuc(y, whole);
  const loss = logLoss(y, whole);
  const result: EvaluationReport['importance'] = [];
  for (const [index, feature] of model.features.entries()) {
    let aucSum = 0;
    let lossSum = 0;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const shuffled = drawn.with(index, random.shuffle(drawn[index]!.slice()));
      const scores = await model.score(shuffled);
      aucSum += auc - rocAuc(y, scores);
      lossSum += logLoss(y, scores) - loss;
    }
    result.push({ feature, auc: orNull(aucSum / repeats), logLoss: orNull(lossSum / repeats) });
  }
  return result.sort((a, b) => (b.logLoss ?? 0) - (a.logLoss ?? 0));
}
