import { setImmediate as nextTurn } from 'node:timers/promises';
import { authorise, type Scope } from '../../../platform/scope.ts';
import { withFreshFiles } from '../../../platform/tables/index.ts';
import { openOther } from '../comparisons.service.ts';
import { getDeployment } from '../deployments.service.ts';
import { logFiles } from '../predictions.service.ts';
import { hiddenFeatures } from '../privacy/recording.service.ts';
import { joinedSql, type PredictionRange } from '../recorder/prediction-sql.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import type { SideBySide } from './side-by-side.contract.ts';
import { type ScoredRow, sideBySide } from './side-by-side.model.ts';

const usualRows = 5000;
const batchRows = 256;

type Recorded = {
  id: string;
  row_index: number;
  revision: string;
  features: (number | null)[];
  inputs: string | null;
  label: number | null;
  of: number;
};

export type SideBySideRequest = {
  a: number;
  b: number;
  range: PredictionRange;
  rows?: number;
  threshold?: number;
};

/**
 * Runs recorded requests through two versions of the model, aside, and sets their scores side by side. Vectors are put
 * together by the names of their features, so versions of different feature lists compare where the log has them all.
 * @throws serving.comparison.empty, serving.deployment.not_found, registry.version.not_found, serving.model.refused
 */
export async function compareSideBySide(
  state: ServingState,
  scope: Scope,
  name: string,
  request: SideBySideRequest,
): Promise<SideBySide> {
  authorise(scope, 'read');
  const deployment = await getDeployment(scope, name);
  const hidden = await hiddenFeatures(scope, name);
  if (hidden.length > 0)
    throw empty(`The log does not keep ${hidden.join(', ')}, so its requests cannot be run again.`);
  const recorded = await recordedRows(state, name, request);
  if (recorded.length === 0) throw empty('The range holds no recorded vectors.');
  const namesOf = new Map(
    (await store.listRevisions(scope.db, name)).map(({ id, features }) => [id, features] as const),
  );
  const scoresOf = async (version: number) => {
    const live = await openOther(state, scope, deployment, version);
    try {
      return await scoreAll(live, recorded, namesOf);
    } finally {
      await live.release();
    }
  };
  const scoresA = await scoresOf(request.a);
  const scoresB = await scoresOf(request.b);
  const rows = recorded.flatMap((row, i): ScoredRow[] => {
    const [a, b] = [scoresA[i], scoresB[i]];
    if (!Number.isFinite(a) || !Number.isFinite(b)) return [];
    return [{ id: row.id, a, b, label: row.label, texts: textsOf(row) }];
  });
  if (rows.length === 0) throw empty('None of the recorded vectors fits both versions.');
  return {
    a: request.a,
    b: request.b,
    of: recorded[0].of,
    skipped: recorded.length - rows.length,
    ...sideBySide(rows, request.threshold ?? 0.5),
  };
}

const empty = (message: string) => servingError('serving.comparison.empty', message);

/** A sample of the range that is the same each time. */
function recordedRows(
  state: ServingState,
  name: string,
  { range, rows = usualRows }: SideBySideRequest,
): Promise<Recorded[]> {
  return withFreshFiles(() =>
    state.platform.tables.query<Recorded>(
      `SELECT prediction_id AS id, row_index, revision, features, inputs, label, count(*) OVER () AS "of"
     FROM (${joinedSql(logFiles(state.log(name)), range)})
     WHERE features IS NOT NULL AND error IS NULL ORDER BY md5(request_id), row_index LIMIT ${Math.round(rows)}`,
    ),
  );
}

/** Scores of the rows that fit; NaN for the others. */
async function scoreAll(
  live: LiveRevision,
  rows: readonly Recorded[],
  namesOf: ReadonlyMap<string, readonly string[]>,
): Promise<Float64Array> {
  const [input] = live.runner.inputs;
  if (live.runner.inputs.length !== 1 || input.datatype !== 'FP32' || input.shape.length !== 2)
    throw empty('Only models that take one matrix of FP32 can be compared by replay.');
  const wanted = live.revision.features;
  const places = new Map<string, number[] | null>();
  const placesOf = (revision: string) => {
    let found = places.get(revision);
    if (found === undefined) {
      const names = namesOf.get(revision) ?? [];
      const all = wanted.map((name) => names.indexOf(name));
      found = all.length === 0 || all.includes(-1) ? null : all;
      places.set(revision, found);
    }
    return found;
  };
  const scores = new Float64Array(rows.length).fill(Number.NaN);
  const fitting = rows.flatMap(({ revision }, i) => (placesOf(revision) ? [i] : []));
  for (let start = 0; start < fitting.length; start += batchRows) {
    const batch = fitting.slice(start, start + batchRows);
    const data = new Float32Array(batch.length * wanted.length);
    batch.forEach((at, i) => {
      const { features, revision } = rows[at];
      placesOf(revision)?.forEach((place, j) => {
        data[i * wanted.length + j] = features[place] ?? Number.NaN;
      });
    });
    const shape = [batch.length, wanted.length];
    const outputs = await live.runner.run([{ name: input.name, datatype: 'FP32', shape, data }]);
    live.scorer.scores(outputs, batch.length).forEach((score, i) => {
      scores[batch[i]] = score;
    });
    // Requests come first.
    await nextTurn();
  }
  return scores;
}

/** The row's texts out of the request's JSON, for slices. */
function textsOf({ inputs, row_index }: Recorded): Record<string, string> {
  if (inputs === null) return {};
  const columns = Object.entries(JSON.parse(inputs) as Record<string, unknown[]>);
  return Object.fromEntries(
    columns.flatMap(([name, values]): [string, string][] => {
      const value = values[row_index];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
