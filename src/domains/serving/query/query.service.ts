import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { dataFolder } from '../../../platform/config.ts';
import { authorise, type Scope } from '../../../platform/scope.ts';
import { getDeployment } from '../deployments.service.ts';
import type { ServingState } from '../serving.state.ts';
import type { QueryColumnsBody, QueryInput, QueryReplyBody } from './query.contract.ts';
import { queryError } from './query.errors.ts';
import type { QueryRunner } from './query-runner.ts';
import { logView, type QueryColumn } from './query-view.ts';
import type { QueryOutcome } from './run-query.ts';
import { placeOf, viewName } from './statement.model.ts';

const usualRows = 1000;
const usualMs = 10_000;
const mostBytes = 32 * 1024 * 1024;

export type Answer = { state: 'rows'; reply: QueryReplyBody } | { state: 'file'; path: string };

/**
 * Runs one SELECT over the log of a deployment, in a process that can read that log and nothing else. Rows, or a
 * Parquet file that the caller removes. Aborting `signal` ends it.
 * @throws serving.deployment.not_found, serving.query.*
 */
export async function queryLog(
  state: ServingState,
  runner: QueryRunner,
  scope: Scope,
  deployment: string,
  input: QueryInput,
  signal?: AbortSignal,
): Promise<Answer> {
  authorise(scope, 'serving.query');
  await getDeployment(scope, deployment);
  const started = performance.now();
  const parquet =
    input.format === 'parquet'
      ? join(dataFolder(state.platform.config, 'tmp'), `query-${randomUUID()}.parquet`)
      : null;
  const ask = async () => {
    const { relation, paths } = await logView(state, scope, deployment);
    const limit = input.limit ?? usualRows;
    return runner.run(
      { sql: input.sql, relation, paths, limit, mostBytes, parquet },
      { timeLimitMs: input.timeLimitMs ?? usualMs, ...(signal && { signal }) },
    );
  };
  let outcome = await ask();
  // A segment may have been sealed between naming its file and reading it.
  if (outcome.state === 'failed' && outcome.kind === 'IO Error') outcome = await ask();
  if (outcome.state === 'failed' && isOurs(outcome.kind)) {
    const { kind, message } = outcome;
    scope.log.error('a query of the prediction log failed', { deployment, kind, message });
  }
  if (outcome.state === 'file') return { state: 'file', path: parquet ?? '' };
  const { columns, rows, truncated } = rowsOf(outcome, input.sql);
  const elapsedMs = Math.round(performance.now() - started);
  return { state: 'rows', reply: { columns, rows, truncated, elapsedMs } };
}

/** Failures that the caller's statement is not to blame for. */
const isOurs = (kind: string) => kind === 'IO Error' || kind === 'Internal Error' || kind === 'Error';

function rowsOf(outcome: QueryOutcome, sql: string): Extract<QueryOutcome, { state: 'rows' }> {
  if (outcome.state === 'rows') return outcome;
  if (outcome.state === 'refused') {
    const { code, message, offset } = outcome.refusal;
    const place = placeOf(sql, offset);
    throw queryError(code, at(place, message), place ?? undefined);
  }
  if (outcome.state === 'file') throw queryError('serving.query.failed', 'The result went into a file.');
  const { kind, message, place } = outcome;
  if (kind === 'Out of Memory Error')
    throw queryError('serving.query.too_large', 'The query needed more memory than it may have.');
  if (isOurs(kind)) throw queryError('serving.query.failed', 'The log could not be read.');
  throw queryError('serving.query.invalid', at(place, message), place ?? undefined);
}

const at = (place: { line: number; column: number } | null, message: string) =>
  place === null ? message : `Line ${place.line}, column ${place.column}: ${message}`;

/** The columns of the view, and statements to begin with. */
export async function describeView(
  state: ServingState,
  scope: Scope,
  deployment: string,
): Promise<QueryColumnsBody> {
  await getDeployment(scope, deployment);
  const { columns } = await logView(state, scope, deployment);
  return { view: viewName, columns, examples: examplesOf(columns) };
}

const quoted = (name: string) => (/^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

function examplesOf(columns: readonly QueryColumn[]): QueryColumnsBody['examples'] {
  const group = columns.find(({ kind, type }) => kind === 'input' && type === 'VARCHAR');
  const feature = columns.find(({ kind, type }) => kind !== 'prediction' && type !== 'VARCHAR');
  return [
    {
      title: 'The newest rows',
      sql: 'SELECT time, prediction_id, version, arm, score, label\nFROM predictions\nORDER BY time DESC',
    },
    {
      title: 'Requests and latency by hour',
      sql: `SELECT time_bucket(INTERVAL 1 HOUR, time) AS hour, count(*) AS rows,
  round(quantile_cont(latency_ms, 0.99), 2) AS p99_ms
FROM predictions
GROUP BY hour
ORDER BY hour`,
    },
    {
      title: 'Quality by version',
      sql: `SELECT version, arm, count(label) AS outcomes,
  round(avg((score - label) ** 2), 4) AS brier,
  round(avg(score), 4) AS mean_score, round(avg(label), 4) AS rate
FROM predictions
GROUP BY version, arm
ORDER BY version, arm`,
    },
    {
      title: 'Is the score what happens? (calibration)',
      sql: `SELECT floor(score * 10) / 10 AS bin, count(*) AS rows,
  round(avg(score), 3) AS said, round(avg(label), 3) AS happened
FROM predictions
WHERE label IS NOT NULL
GROUP BY bin
ORDER BY bin`,
    },
    ...(group
      ? [
          {
            title: `Scores by ${group.name}`,
            sql: `SELECT ${quoted(group.name)}, count(*) AS rows, round(avg(score), 4) AS mean_score,\n  round(avg(label), 4) AS rate\nFROM predictions\nGROUP BY 1\nORDER BY rows DESC`,
          },
        ]
      : []),
    ...(feature
      ? [
          {
            title: `Far out in ${feature.name}`,
            sql: `SELECT prediction_id, time, ${quoted(feature.name)}, score\nFROM predictions\nWHERE ${quoted(feature.name)} > (SELECT quantile_cont(${quoted(feature.name)}, 0.999) FROM predictions)\nORDER BY ${quoted(feature.name)} DESC`,
          },
        ]
      : []),
    {
      title: 'What failed, and how often',
      sql: 'SELECT error, version, count(*) AS requests, max(time) AS last\nFROM predictions\nWHERE error IS NOT NULL\nGROUP BY ALL\nORDER BY requests DESC',
    },
  ];
}
