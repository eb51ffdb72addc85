import { countNumeric, freezeNumericBins } from '../../../math/bins.ts';
import type { TrainingProfile } from '../registry.door.ts';
import { chunksOf } from './chunks.ts';
import type { EvaluationReport, Latency, ModelFigures } from './evaluation.contract.ts';
import { compare, modelFigures, orNull, type Rows } from './figures.ts';
import { permutationImportance } from './importance.ts';
import {
  columnsFor,
  type ModelRunner,
  measureDeterminism,
  measureLatency,
  openModel,
} from './model-runner.ts';
import { evaluateSlices } from './slices.ts';
import type { TestTable } from './test-table.ts';

export type ModelFile = { digest: string; path: string };

export type EvaluationInput = {
  model: string;
  candidate: ModelFile;
  champion: ModelFile | null;
  /** Left out: the constant share of positive labels, `baselineRate` or that of the test rows. */
  baseline: ModelFile | null;
  baselineRate: number | null;
  testDigest: string;
  threshold: number;
  seed: number;
  /** Milliseconds of event time of a chunk of the profile. */
  chunk: number;
};

type Say = (fraction: number, note: string) => void;

/**
 * Judges a candidate on held-out rows against the champion and a baseline, and freezes the drift reference.
 * @throws RangeError when the candidate cannot be run on the table or gives no probabilities.
 */
export async function evaluate(
  table: TestTable,
  input: EvaluationInput,
  say: Say,
): Promise<{ report: EvaluationReport; profile: TrainingProfile }> {
  const { labels } = table;
  const rows: Rows = { labels, clusters: table.hours };
  say(0.1, `scoring ${table.rows} rows`);
  const candidate = await openModel(input.candidate.path, table.names);
  const columns = columnsFor(candidate, table);
  const raw = await candidate.score(columns);
  const outputs = inspect(raw);
  const scores = usable(raw);

  say(0.3, 'scoring champion and baseline');
  const champion = await scoreChampion(table, input.champion);
  const baseline = await scoreBaseline(table, input);

  say(0.5, 'figures and comparisons');
  const versusChampion = champion.scores ? compare(rows, champion.scores, scores) : null;
  const versusBaseline = compare(rows, baseline.scores, scores);
  const figures = (of: Float32Array, digest: string | null) =>
    modelFigures(rows, of, input.threshold, digest);
  const championFigures: ModelFigures | null = champion.scores
    ? figures(champion.scores, input.champion!.digest)
    : null;
  say(0.65, 'slices');
  const slices = evaluateSlices(table, {
    candidate: scores,
    champion: champion.scores,
    baseline: baseline.scores,
  });
  say(0.8, 'importance, latency, determinism');
  const importance = await permutationImportance(candidate, columns, labels, { seed: input.seed });
  const latency = await measureLatency(candidate, columns);
  const determinism = await measureDeterminism(candidate, columns, raw);
  await candidate.release();

  let positives = 0;
  for (const label of labels) positives += label;
  const report: EvaluationReport = {
    model: input.model,
    rows: table.rows,
    positives,
    labelRate: positives / table.rows,
    timeFrom: table.times ? extreme(table.times, Math.min) : null,
    timeTo: table.times ? extreme(table.times, Math.max) : null,
    clusters: table.hours ? new Set(table.hours).size : 0,
    threshold: input.threshold,
    features: candidate.features,
    testDigest: input.testDigest,
    candidate: figures(scores, input.candidate.digest),
    champion: championFigures,
    championProblem: champion.problem,
    baseline: { ...figures(baseline.scores, input.baseline?.digest ?? null), rate: baseline.rate },
    versusChampion,
    versusBaseline,
    slices,
    importance,
    latency,
    championLatency: champion.latency,
    determinism,
    outputs,
    scoreHistogram: histogram(scores, labels),
  };
  return { report, profile: freezeProfile(candidate, table, columns, scores, input.chunk) };
}

/** The drift reference: frozen bins and counts of every feature and of the score, together and by chunk of time. */
function freezeProfile(
  { features }: ModelRunner,
  table: TestTable,
  columns: readonly Float32Array[],
  scores: Float32Array,
  chunk: number,
): TrainingProfile {
  const freeze = (values: Float32Array) => {
    const bins = freezeNumericBins(values);
    return { values, profile: { bins, counts: Array.from(countNumeric(bins, values)) } };
  };
  const named = features.map((name, index) => ({ name, ...freeze(columns[index]!) }));
  const score = freeze(scores);
  const items = chunksOf(table, named, score, chunk);
  return {
    features: Object.fromEntries(named.map(({ name, profile }) => [name, profile])),
    score: score.profile,
    labelRate: table.labels.reduce((sum, label) => sum + label, 0) / table.rows,
    rows: table.rows,
    chunks: items && { length: chunk, items },
  };
}

async function scoreChampion(
  table: TestTable,
  file: ModelFile | null,
): Promise<{ scores: Float32Array | undefined; latency: Latency | null; problem: string | null }> {
  if (!file) return { scores: undefined, latency: null, problem: null };
  try {
    const model = await openModel(file.path, table.names);
    const columns = columnsFor(model, table);
    const scores = usable(await model.score(columns));
    const latency = await measureLatency(model, columns);
    await model.release();
    return { scores, latency, problem: null };
  } catch (error) {
    return {
      scores: undefined,
      latency: null,
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

async function scoreBaseline(
  table: TestTable,
  { baseline, baselineRate }: EvaluationInput,
): Promise<{ scores: Float32Array; rate: number | null }> {
  if (baseline) {
    const model = await openModel(baseline.path, table.names);
    const scores = usable(await model.score(columnsFor(model, table)));
    await model.release();
    return { scores, rate: null };
  }
  let positives = 0;
  for (const label of table.labels) positives += label;
  const rate = baselineRate ?? positives / table.rows;
  return { scores: new Float32Array(table.rows).fill(rate), rate };
}

function inspect(scores: Float32Array): EvaluationReport['outputs'] {
  let notFinite = 0;
  let outOfRange = 0;
  for (const score of scores) {
    if (!Number.isFinite(score)) notFinite++;
    else if (score < -1e-5 || score > 1 + 1e-5) outOfRange++;
  }
  return { notFinite, outOfRange };
}

/** Scores that statistics can take: not finite counts as one half, a hair outside 0 to 1 is cut. */
function usable(scores: Float32Array): Float32Array {
  return scores.map((score) => (Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0.5));
}

function histogram(scores: Float32Array, labels: Uint8Array): EvaluationReport['scoreHistogram'] {
  const counts = new Array<number>(20).fill(0);
  const positives = new Array<number>(20).fill(0);
  for (let row = 0; row < scores.length; row++) {
    const bin = Math.min(19, Math.floor(scores[row]! * 20));
    counts[bin]!++;
    if (labels[row] === 1) positives[bin]!++;
  }
  return { counts, positives };
}

function extreme(values: Float64Array, better: (a: number, b: number) => number): number | null {
  return orNull(values.reduce((a, b) => better(a, b)));
}
