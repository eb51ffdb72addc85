import { brierLosses, logLosses } from '../../math/classification.ts';
import { delongPairedTest, pairedLossTest } from '../../math/compare.ts';
import { authorise, type Scope } from '../../platform/scope.ts';
import { withFreshFiles } from '../../platform/tables/index.ts';
import { getDeployment } from './deployments.service.ts';
import { logFiles } from './predictions.service.ts';
import { hiddenFeatures } from './privacy/recording.service.ts';
import { joinedSql, type PredictionRange } from './recorder/prediction-sql.ts';
import type { LiveRevision } from './runtime/live-revision.ts';
import { openRevision, parseModelReference, reopenRevision } from './runtime/revisions.ts';
import { runAside } from './runtime/runner.ts';
import { servingError } from './serving.errors.ts';
import type { ServingState } from './serving.state.ts';
import { type Deployment, listRevisions } from './serving.store.ts';

type Metric = { live: number; other: number; difference: number; interval: number[]; pValue: number };

export type Comparison = {
  rows: number;
  version: number;
  aucLive: number;
  aucOther: number;
  /** AUC of the other version minus that of what was live. */
  difference: number;
  interval: number[];
  pValue: number;
  logLoss: Metric;
  brier: Metric;
};

const batchRows = 512;
const mostRows = 2_000_000;

/**
 * Replays the recorded vectors of a range of event time through another version of the model and compares it, on
 * the rows with an outcome, with what was answered at the time: DeLong's paired test for AUC, cluster-robust paired
 * tests (one request is one cluster) for the losses.
 * @throws serving.comparison.empty
 */
export async function compareVersions(
  state: ServingState,
  scope: Scope,
  name: string,
  request: { version: number | string; range: PredictionRange },
): Promise<Comparison> {
  authorise(scope, 'read');
  const deployment = await getDeployment(scope, name);
  const hidden = await hiddenFeatures(scope, name);
  if (hidden.length > 0)
    throw empty(`The log does not keep ${hidden.join(', ')}, so its requests cannot be run again.`);
  const live = await openOther(state, scope, deployment, request.version);
  try {
    const [input] = live.runner.inputs;
    const isMatrix = live.runner.inputs.length === 1 && input.datatype === 'FP32' && input.shape.length === 2;
    if (!isMatrix) throw empty('Only models that take one matrix of FP32 can be compared by replay.');
    return await replay(state, live, name, request.range);
  } finally {
    await live.release();
  }
}

/** Another version of the deployment's model; of a graph, another revision of the deployment by its number. */
export async function openOther(
  state: ServingState,
  scope: Scope,
  { name, spec }: Deployment,
  version: number | string,
): Promise<LiveRevision> {
  if (spec.model === undefined) {
    const all = await listRevisions(scope.db, name);
    const revision = all.findLast((one) => one.version === Number(version));
    if (revision) return reopenRevision(state, scope, spec, revision);
    throw servingError('serving.version.not_served', 'This deployment has never served that version.');
  }
  const { model } = parseModelReference(spec.model);
  return openRevision(state, scope, name, spec, await state.registry.getVersion(scope, model, version));
}

const empty = (message: string) => servingError('serving.comparison.empty', message);

type Replayed = { request_id: string; score: number; label: number; features: (number | null)[] };

async function replay(
  state: ServingState,
  live: LiveRevision,
  name: string,
  range: PredictionRange,
): Promise<Comparison> {
  const rows = await withFreshFiles(() =>
    state.platform.tables.query<Replayed>(
      `SELECT request_id, score, label, features FROM (${joinedSql(logFiles(state.log(name)), range)})
     WHERE label IN (0, 1) AND score IS NOT NULL AND features IS NOT NULL ORDER BY time, request_id, row_index LIMIT ${mostRows}`,
    ),
  );
  const labels = Float64Array.from(rows, (row) => row.label);
  const ours = Float64Array.from(rows, (row) => row.score);
  const other = await scoreAll(live, rows);
  const auc = delongPairedTest(labels, ours, other);
  if (Number.isNaN(auc.aucA)) throw empty('The range holds no labelled predictions of both outcomes.');
  // Rows of one request share their moment; a range of a single request has only its rows to go by.
  const requests = rows.map((row) => row.request_id);
  const clusters = new Set(requests).size > 1 ? requests : undefined;
  const metric = (lossesOf: typeof logLosses): Metric => {
    const [a, b] = [lossesOf(labels, ours), lossesOf(labels, other)];
    const { difference, interval, pValue } = pairedLossTest(a, b, clusters);
    return { live: mean(a), other: mean(b), difference, interval, pValue };
  };
  return {
    rows: rows.length,
    version: live.revision.version,
    aucLive: auc.aucA,
    aucOther: auc.aucB,
    difference: auc.difference,
    interval: auc.interval,
    pValue: auc.pValue,
    logLoss: metric(logLosses),
    brier: metric(brierLosses),
  };
}

async function scoreAll(live: LiveRevision, rows: readonly Replayed[]): Promise<Float64Array> {
  const [{ name }] = live.runner.inputs;
  const width = rows[0]?.features.length ?? 0;
  const scores = new Float64Array(rows.length);
  for (let start = 0; start < rows.length; start += batchRows) {
    const batch = rows.slice(start, start + batchRows);
    const data = new Float32Array(batch.length * width);
    batch.forEach(({ features }, i) => {
      for (let j = 0; j < width; j++) data[i * width + j] = features[j] ?? Number.NaN;
    });
    const feed = { name, datatype: 'FP32', shape: [batch.length, width], data } as const;
    const outputs = await runAside(live.runner, [feed]);
    scores.set(live.scorer.scores(outputs, batch.length), start);
  }
  return scores;
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
