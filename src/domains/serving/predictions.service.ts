import type { Json } from '../../platform/json.ts';
import { listEvents, type WhyGraph, why } from '../../platform/ledger/index.ts';
import type { Scope } from '../../platform/scope.ts';
import { sqlLiteral, withFreshFiles } from '../../platform/tables/index.ts';
import { filterSql, type PredictionFilterInput } from './predictions.filter.ts';
import { entityOf, entitySql } from './privacy/entity-match.ts';
import { fieldHash } from './privacy/install-secret.ts';
import { type PredictionLog, splitPredictionId } from './recorder/prediction-log.ts';
import { joinedSql, type LogFiles, type PredictionRange } from './recorder/prediction-sql.ts';
import { servingError } from './serving.errors.ts';
import type { ServingState } from './serving.state.ts';
import * as store from './serving.store.ts';

type Located = { log: PredictionLog; request: string; row: number };

/** The log that holds a prediction id: the whole id for one row, `REQUEST:ROW` for one of many. */
export function locate(
  state: ServingState,
  id: string,
  hint: PredictionLog | undefined,
): Located | undefined {
  const split = splitPredictionId(id);
  const logs = hint ? [hint, ...[...state.logs.values()].filter((log) => log !== hint)] : state.logs.values();
  for (const log of logs) {
    if (log.rowsOf(id) === 1) return { log, request: id, row: 0 };
    if (split.request === id) continue;
    if (split.row < (log.rowsOf(split.request) ?? 0)) return { log, ...split };
  }
  return undefined;
}

/** The three logs of a deployment as lists of files. */
export function logFiles(log: PredictionLog): LogFiles {
  return {
    predictions: log.files('predictions'),
    pairs: log.files('pairs'),
    feedback: log.files('feedback'),
  };
}

/** Feature columns of a deployment by name, with their place in each revision's vector. */
export async function featureColumns(scope: Scope, deployment: string) {
  const places = new Map<string, Map<string, number>>();
  for (const revision of await store.listRevisions(scope.db, deployment)) {
    revision.features.forEach((name, i) => {
      const known = places.get(name) ?? new Map<string, number>();
      places.set(name, known.set(revision.id, i + 1));
    });
  }
  return [...places].map(([name, of]) => ({ name, places: of }));
}

export type PredictionView = {
  id: string;
  deployment: string;
  eventTime: number | null;
  time: number;
  revision: string;
  model: string | null;
  version: number | null;
  arm: string;
  rollout: string | null;
  latencyMs: number;
  inputs: Json;
  features: Record<string, number | null>;
  score: number | null;
  pairScore: number | null;
  label: number | null;
  /** The way through a graph: `NODE=BRANCH`, `!NODE` for what failed. */
  path: string | null;
  reward: number | null;
  /** Requests that it stands for; 0: it was left out of the sample. */
  weight: number;
  erased: boolean;
  error: string | null;
  cached: boolean;
};

type JoinedRow = {
  prediction_id: string;
  row_index: number;
  event_time: number | null;
  time: number;
  revision: string;
  arm: string;
  rollout: string | null;
  latency_ms: number;
  inputs: string | null;
  features: (number | null)[] | null;
  score: number | null;
  pair_score: number | null;
  label: number | null;
  path: string | null;
  reward: number | null;
  /** Requests that it stands for; 0: it was left out of the sample. */
  weight: number;
  erased: boolean;
  error: string | null;
  /** Null in files of a time when nothing was cached. */
  cached: boolean | null;
};

/** Newest first; `before` is a wall time in milliseconds. */
export async function listPredictions(
  state: ServingState,
  scope: Scope,
  deployment: string,
  filter: PredictionFilterInput,
  times: { before?: number; from?: number; to?: number },
): Promise<PredictionView[]> {
  const more = { ...times, ...(await resolved(scope, deployment, filter)) };
  const rows = await withFreshFiles(() => {
    const relation = joinedSql(logFiles(state.log(deployment)), {});
    const sql = `SELECT * FROM (${relation}) ${filterSql(filter, more)} ORDER BY time DESC, request_id DESC, row_index LIMIT ${filter.limit ?? 50}`;
    return state.platform.tables.query<JoinedRow>(sql);
  });
  return view(scope, deployment, rows);
}

/** What of a filter needs to be looked up. */
async function resolved(
  scope: Scope,
  deployment: string,
  { version, entity }: PredictionFilterInput,
): Promise<{ revisions?: string[]; entity?: string }> {
  const revisions =
    version === undefined
      ? undefined
      : (await store.listRevisions(scope.db, deployment)).filter((one) => one.version === version);
  const at = entity?.indexOf('=') ?? -1;
  const of = entity === undefined ? undefined : entityOf({ [entity.slice(0, at)]: entity.slice(at + 1) });
  return {
    ...(revisions && { revisions: revisions.map(({ id }) => id) }),
    ...(of && {
      entity: entitySql(of, await featureColumns(scope, deployment), fieldHash(scope.platform.config)),
    }),
  };
}

/** One row by its prediction id. @throws serving.prediction.not_found */
export async function getPrediction(state: ServingState, scope: Scope, id: string): Promise<PredictionView> {
  const found = locate(state, id, undefined);
  if (!found) throw servingError('serving.prediction.not_found', 'There is no prediction with this id.');
  const rows = await withFreshFiles(async () => {
    const file = found.log.fileOf(found.request);
    if (!file) return [];
    const only =
      file.form === 'parquet' ? { open: [], sealed: [file.path] } : { open: [file.path], sealed: [] };
    const relation = joinedSql({ ...logFiles(found.log), predictions: only }, {});
    return state.platform.tables.query<JoinedRow>(
      `SELECT * FROM (${relation}) WHERE request_id = ${sqlLiteral(found.request)} AND row_index = ${found.row} LIMIT 1`,
    );
  });
  const [one] = await view(scope, found.log.deployment, rows);
  if (!one) throw servingError('serving.prediction.not_found', 'There is no prediction with this id.');
  return one;
}

async function view(scope: Scope, deployment: string, rows: JoinedRow[]): Promise<PredictionView[]> {
  const revisions = new Map((await store.listRevisions(scope.db, deployment)).map((one) => [one.id, one]));
  return rows.map((row) => {
    const revision = revisions.get(row.revision);
    const inputs = row.inputs === null ? null : (JSON.parse(row.inputs) as Record<string, Json[]>);
    const features: Record<string, number | null> = {};
    row.features?.forEach((value, i) => {
      features[revision?.features[i] ?? `[${i}]`] = finiteOrNull(value);
    });
    return {
      id: row.prediction_id,
      deployment,
      eventTime: row.event_time,
      time: row.time,
      revision: row.revision,
      model: revision?.model ?? null,
      version: revision?.version ?? null,
      arm: row.arm,
      rollout: row.rollout,
      latencyMs: row.latency_ms,
      inputs:
        inputs &&
        Object.fromEntries(
          Object.entries(inputs).map(([name, values]) => [name, values[row.row_index] ?? null]),
        ),
      features,
      score: finiteOrNull(row.score),
      pairScore: finiteOrNull(row.pair_score),
      label: finiteOrNull(row.label),
      path: row.path || null,
      reward: finiteOrNull(row.reward),
      weight: row.weight,
      erased: row.erased,
      error: row.error,
      cached: row.cached === true,
    };
  });
}

const finiteOrNull = (value: number | null) => (value !== null && Number.isFinite(value) ? value : null);

/** Explains one prediction: itself, then the event that put its revision in the way, and that event's causes. */
export async function whyPrediction(
  state: ServingState,
  scope: Scope,
  id: string,
): Promise<{ prediction: PredictionView; graph: WhyGraph }> {
  const prediction = await getPrediction(state, scope, id);
  const { deployment, revision, arm, rollout, time } = prediction;
  const at = arm === 'canary' && rollout !== null ? `rollout:${rollout}` : `deployment:${deployment}`;
  const events = await listEvents(scope, { subject: at, types: ['serving.rollout.*'], limit: 1000 });
  // A rollback of a deployment names the revision that it brought back as its champion.
  const root = events.find(({ type, subject, data, time: happened }) => {
    if (happened > time) return false;
    if (subject.startsWith('rollout:')) return true;
    return type.endsWith('.promoted') ? data.revision === revision : data.champion === revision;
  });
  const subject = root?.id ?? `revision:${revision}`;
  return { prediction, graph: await why(scope, subject) };
}

export type { PredictionRange };
