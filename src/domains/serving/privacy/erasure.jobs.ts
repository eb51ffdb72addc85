import { newId } from '../../../platform/ids.ts';
import type { JobContext, JobKind } from '../../../platform/jobs/jobs.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { sqlLiteral, type Tables } from '../../../platform/tables/index.ts';
import { removePredictionTraces } from '../observability/prediction-traces.store.ts';
import { featureColumns } from '../predictions.service.ts';
import type { LogKind } from '../recorder/prediction-log.ts';
import { logSql, replaceSql } from '../recorder/prediction-sql.ts';
import type { ServingState } from '../serving.state.ts';
import { entitySql } from './entity-match.ts';
import {
  type ErasureFile,
  entityEvents,
  erasureEvent,
  erasureJob,
  type Hit,
  readErasure,
  removeErasure,
  writeErasure,
} from './erasure.service.ts';
import { fieldHash } from './install-secret.ts';
import { joinColumns, splitColumns } from './request-columns.ts';

type Session = Pick<Tables, 'query' | 'columns' | 'run'>;
type Recorded = { request_id: string; row_index: number; request_rows: number; inputs: string | null };

/**
 * Erases one entity from the log of a deployment, from online events and from what is kept in memory. Every file is
 * replaced as a whole, and what is found is noted before it is changed, so that a `kill -9` in the middle leaves a job
 * that goes on where it was; doing it twice changes nothing more.
 */
export function erasureJobKind(state: ServingState): JobKind {
  return {
    kind: erasureJob,
    atStop: 'release',
    async run(scope, payload, job) {
      const id = String(payload.erasure);
      const file = readErasure(state, id);
      if (!file) return;
      if (file.entity !== null) await erase(state, scope, id, file, job);
      const { deployment, columns, commitment, counts } = file;
      await transact(scope, async (tx) => {
        await record(tx, {
          type: erasureEvent,
          subject: `deployment:${deployment}`,
          data: { deployment, erasure: id, columns, commitment, counts } as unknown as JsonObject,
        });
        await job.finish(tx);
      });
      removeErasure(state, id);
    },
  };
}

async function erase(
  state: ServingState,
  scope: Scope,
  id: string,
  file: ErasureFile,
  job: JobContext,
): Promise<void> {
  const { deployment, counts } = file;
  const entity = file.entity ?? {};
  const features = await featureColumns(scope, deployment);
  const match = entitySql(entity, features, fieldHash(scope.platform.config));
  const known = new Set(file.hits.map(keyOf));
  let done = 0;
  await state.log(deployment).rewrite(scope.now(), async (kind, path, target) => {
    job.signal.throwIfAborted();
    job.progress(0.9 * (1 - 1 / (1 + done++ / 10)), `${done} files`);
    return state.platform.tables.session(async (session) => {
      if (kind !== 'predictions') {
        const removed = await withoutHits(session, kind, path, target, file.hits);
        counts[kind] += removed;
        return removed > 0 ? 'replaced' : 'kept';
      }
      const relation = logSql('predictions', { open: [], sealed: [path] });
      const rows = await session.query<Recorded>(
        `SELECT request_id, row_index, request_rows, inputs FROM (${relation}) WHERE ${match} AND NOT erased`,
      );
      if (rows.length === 0) return 'kept';
      const fresh = rows.map(({ request_id, row_index }): Hit => ({ request: request_id, row: row_index }));
      for (const hit of fresh) if (!known.has(keyOf(hit))) file.hits.push(hit);
      for (const hit of fresh) known.add(keyOf(hit));
      counts.predictions += rows.length;
      counts.requests += await emptyRows(session, relation, target, rows);
      // Noted before the file is replaced: its outcomes are found by these ids.
      writeErasure(state, id, file);
      return 'replaced';
    });
  });
  job.progress(0.92, 'online events');
  const events = await entityEvents(state, scope, deployment, entity, true);
  for (const [service, count] of Object.entries(events))
    counts.events[service] = (counts.events[service] ?? 0) + count;
  await removePredictionTraces(scope.db, [...new Set(file.hits.map(({ request }) => request))]);
  state.forget(deployment);
  Object.assign(file, { entity: null, hits: [] });
  writeErasure(state, id, file);
}

const keyOf = ({ request, row }: Hit) => `${row}:${request}`;

/**
 * Writes the file again with these rows emptied: inputs, features and score are gone, the time stays and so does the
 * row, so that it still counts. A request that is wholly of the entity gets another id. Returns how many those are.
 */
async function emptyRows(
  session: Session,
  relation: string,
  target: string,
  rows: readonly Recorded[],
): Promise<number> {
  const requests = new Map<string, Recorded & { rows: Set<number> }>();
  for (const row of rows) {
    const key = `${row.request_id}\0${row.inputs}`;
    const one = requests.get(key) ?? { ...row, rows: new Set<number>() };
    one.rows.add(row.row_index);
    requests.set(key, one);
  }
  let whole = 0;
  await session.run(
    'CREATE OR REPLACE TEMP TABLE changed (request_id VARCHAR, inputs VARCHAR, new_id VARCHAR, new_inputs VARCHAR, hit_rows INTEGER[])',
  );
  for (const { request_id, inputs, request_rows, rows: hit } of requests.values()) {
    const isWhole = hit.size === request_rows;
    if (isWhole) whole++;
    const values = [
      sqlLiteral(request_id),
      sqlLiteral(inputs),
      sqlLiteral(isWhole ? newId('erased') : request_id),
      sqlLiteral(isWhole || inputs === null ? null : emptyInputs(inputs, hit)),
      `[${[...hit].join(', ')}]`,
    ];
    await session.run(`INSERT INTO changed VALUES (${values.join(', ')})`);
  }
  await session.run(
    replaceSql(
      `SELECT p.* REPLACE (coalesce(c.new_id, p.request_id) AS request_id,
        CASE WHEN c.new_id IS NULL THEN p.inputs ELSE c.new_inputs END AS inputs,
        CASE WHEN is_hit THEN NULL ELSE p.features END AS features,
        CASE WHEN is_hit THEN NULL ELSE p.vector END AS vector,
        CASE WHEN is_hit THEN NULL ELSE p.score END AS score,
        CASE WHEN is_hit THEN 0 ELSE p.weight END AS weight,
        (p.erased OR is_hit) AS erased)
      FROM (${relation}) p LEFT JOIN changed c
        ON p.request_id = c.request_id AND p.inputs IS NOT DISTINCT FROM c.inputs,
      LATERAL (SELECT coalesce(list_contains(c.hit_rows, p.row_index), false) AS is_hit)`,
      target,
    ),
  );
  return whole;
}

/** The request's JSON with null in the places of these rows. */
function emptyInputs(inputs: string, rows: ReadonlySet<number>): string | null {
  const columns = splitColumns(inputs);
  if (!columns) return null;
  return joinColumns(
    columns.map((column) => {
      const values = JSON.parse(column.values) as unknown[];
      return {
        ...column,
        values: JSON.stringify(values.map((value, row) => (rows.has(row) ? null : value))),
      };
    }),
  );
}

/** Writes the file again without the rows of these predictions; returns how many there were. */
async function withoutHits(
  session: Session,
  kind: LogKind,
  path: string,
  target: string,
  hits: readonly Hit[],
): Promise<number> {
  if (hits.length === 0) return 0;
  const relation = logSql(kind, { open: [], sealed: [path] });
  await session.run('CREATE OR REPLACE TEMP TABLE hits (request_id VARCHAR, row_index INTEGER)');
  for (let start = 0; start < hits.length; start += 1000) {
    const some = hits
      .slice(start, start + 1000)
      .map(({ request, row }) => `(${sqlLiteral(request)}, ${row})`);
    await session.run(`INSERT INTO hits VALUES ${some.join(', ')}`);
  }
  const [{ found }] = await session.query<{ found: number }>(
    `SELECT count(*) AS found FROM (${relation}) SEMI JOIN hits USING (request_id, row_index)`,
  );
  if (found > 0)
    await session.run(
      replaceSql(`SELECT * FROM (${relation}) ANTI JOIN hits USING (request_id, row_index)`, target),
    );
  return found;
}
