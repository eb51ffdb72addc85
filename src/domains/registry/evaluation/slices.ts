import { logLosses } from '../../../math/classification.ts';
import { holm } from '../../../math/multiple-testing.ts';
import type { SliceFigures } from './evaluation.contract.ts';
import { aucFigure, lossDifference, lossFigure, orNull, type Rows } from './figures.ts';
import type { TestTable } from './test-table.ts';

const MOST_VALUES = 20;
const FEWEST_ROWS = 50;

export type SliceScores = {
  candidate: Float32Array;
  champion: Float32Array | undefined;
  baseline: Float32Array;
};

/**
 * Quality in the largest slices of each slice column (at most 20 values, at least 50 rows each), largest first.
 * p-values of the comparisons are adjusted over all slices by Holm's method.
 */
export function evaluateSlices(table: TestTable, scores: SliceScores): SliceFigures[] {
  const result = [...table.slices].flatMap(([column, values]) =>
    largestGroups(values).map(([value, rows]) => evaluateSlice(table, scores, column, value, rows)),
  );
  adjust(result.map(({ versusChampion }) => versusChampion));
  adjust(result.map(({ versusBaseline }) => versusBaseline));
  return result;
}

function adjust(differences: readonly (SliceFigures['versusChampion'] | undefined)[]): void {
  const adjusted = holm(differences.map((difference) => difference?.pValue ?? Number.NaN));
  for (const [index, difference] of differences.entries()) {
    if (difference) difference.pValue = orNull(adjusted[index]!);
  }
}

function largestGroups(values: readonly string[]): [string, Uint32Array][] {
  const groups = new Map<string, number[]>();
  for (let row = 0; row < values.length; row++) {
    const group = groups.get(values[row]!);
    if (group) group.push(row);
    else groups.set(values[row]!, [row]);
  }
  return [...groups]
    .filter(([, rows]) => rows.length >= FEWEST_ROWS)
    .sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1))
    .slice(0, MOST_VALUES)
    .map(([value, rows]) => [value, Uint32Array.from(rows)]);
}

function evaluateSlice(
  table: TestTable,
  { candidate, champion, baseline }: SliceScores,
  column: string,
  value: string,
  picked: Uint32Array,
): SliceFigures {
  const labels = Uint8Array.from(picked, (row) => table.labels[row]!);
  const rows: Rows = {
    labels,
    clusters: table.hours && Int32Array.from(picked, (row) => table.hours![row]!),
  };
  const pick = (scores: Float32Array) => Float32Array.from(picked, (row) => scores[row]!);
  const own = pick(candidate);
  const losses = logLosses(labels, own);
  const against = (scores: Float32Array) => lossDifference(rows, logLosses(labels, pick(scores)), losses);
  let positives = 0;
  for (const label of labels) positives += label;
  let sum = 0;
  for (const score of own) sum += score;
  return {
    column,
    value,
    rows: picked.length,
    positives,
    labelRate: positives / picked.length,
    meanScore: orNull(sum / picked.length),
    auc: aucFigure(rows, own),
    logLoss: lossFigure(rows, losses),
    versusChampion: champion ? against(champion) : null,
    versusBaseline: against(baseline),
  };
}
