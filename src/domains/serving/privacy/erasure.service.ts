import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../../../platform/config.ts';
import { newId } from '../../../platform/ids.ts';
import { listEvents } from '../../../platform/ledger/index.ts';
import { authorise, type Scope } from '../../../platform/scope.ts';
import { withFreshFiles } from '../../../platform/tables/index.ts';
import { logFiles } from '../predictions.service.ts';
import { type LogFiles, logSql } from '../recorder/prediction-sql.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import { checkEntity, type Entity, entitySql } from './entity-match.ts';
import type { ErasureCountsBody } from './erasure.contract.ts';
import { fieldHash } from './install-secret.ts';
import { privacyError } from './privacy.errors.ts';
import { fieldRules } from './recording-policy.ts';

export const erasureJob = 'serving/erasure';
export const erasureEvent = 'serving.records.erased';

/** A row of the log that is of the entity. */
export type Hit = { request: string; row: number };

/**
 * What a running erasure knows, in a file of its own: the database keeps nothing of a person, not even the wish to be
 * forgotten. Before the erasure ends, everything personal is gone from it.
 */
export type ErasureFile = {
  deployment: string;
  /** Null once the person is gone from everywhere else. */
  entity: Entity | null;
  /** Rows found so far; they tell which outcomes and pairs go. */
  hits: Hit[];
  columns: string[];
  commitment: string;
  counts: ErasureCountsBody;
};

/** What erasing an entity would touch; changes nothing. @throws serving.erasure.entity_invalid */
export async function planErasure(
  state: ServingState,
  scope: Scope,
  deployment: string,
  entity: Entity,
): Promise<{ plan: ErasureCountsBody; notes: string[] }> {
  authorise(scope, 'serving.erase');
  const found = await store.getDeployment(scope.db, deployment);
  if (!state.hasLog(deployment))
    throw servingError('serving.deployment.not_found', 'There is no deployment of this name.');
  const declared = found?.spec.entity ?? [];
  const features = await checkEntity(state, scope, deployment, entity, declared);
  const match = entitySql(entity, features, fieldHash(scope.platform.config));
  const plan = await withFreshFiles(() => countHits(state, logFiles(state.log(deployment)), match));
  plan.events = await entityEvents(state, scope, deployment, entity, false);
  const rules = fieldRules(found?.spec.recording);
  const notes = Object.keys(entity).flatMap((name) => {
    const how = rules.get(name)?.redact;
    return how === 'drop' || how === 'mask'
      ? [`"${name}" is declared as ${how}: rows recorded so no longer lead to anybody and stay as they are.`]
      : [];
  });
  return { plan, notes };
}

async function countHits(state: ServingState, files: LogFiles, match: string): Promise<ErasureCountsBody> {
  type Counts = Record<'predictions' | 'requests' | 'pairs' | 'feedback', number>;
  const [{ predictions, requests, pairs, feedback }] = await state.platform.tables.query<Counts>(`
    WITH hits AS MATERIALIZED (
      SELECT request_id, row_index, request_rows FROM (${logSql('predictions', files.predictions)}) WHERE ${match}),
    ids AS (SELECT DISTINCT request_id, row_index FROM hits)
    SELECT (SELECT count(*) FROM hits)::INTEGER AS predictions,
      (SELECT count(*) FROM (SELECT request_id FROM hits GROUP BY request_id HAVING count(DISTINCT row_index) = max(request_rows)))::INTEGER AS requests,
      (SELECT count(*) FROM (${logSql('pairs', files.pairs)}) SEMI JOIN ids USING (request_id, row_index))::INTEGER AS pairs,
      (SELECT count(*) FROM (${logSql('feedback', files.feedback)}) SEMI JOIN ids USING (request_id, row_index))::INTEGER AS feedback`);
  return { predictions, requests, pairs, feedback, events: {} };
}

/** Events of the entity in the online stores of the feature services that the deployment has used. */
export async function entityEvents(
  state: ServingState,
  scope: Scope,
  deployment: string,
  entity: Entity,
  remove: boolean,
): Promise<Record<string, number>> {
  const revisions = await store.listRevisions(scope.db, deployment);
  const services = new Set(
    revisions.flatMap(({ featureService }) => (featureService ? [featureService.split('@')[0]] : [])),
  );
  const events: Record<string, number> = {};
  for (const service of services) {
    const count = await state.features?.entityEvents?.(scope, service, { entity, remove });
    if (count) events[service] = count;
  }
  return events;
}

/** Starts an erasure; returns its id. @throws serving.erasure.entity_invalid */
export async function startErasure(
  state: ServingState,
  scope: Scope,
  deployment: string,
  entity: Entity,
): Promise<string> {
  await planErasure(state, scope, deployment, entity);
  const id = newId('erasure', scope.now());
  const commitment = fieldHash(scope.platform.config)('erasure', JSON.stringify(entity));
  writeErasure(state, id, {
    deployment,
    entity,
    hits: [],
    columns: Object.keys(entity),
    commitment,
    counts: { predictions: 0, requests: 0, pairs: 0, feedback: 0, events: {} },
  });
  await scope.platform.jobs.enqueue(scope, {
    kind: erasureJob,
    key: `${erasureJob}:${id}`,
    payload: { erasure: id },
  });
  return id;
}

const folderOf = (state: ServingState) => dataFolder(state.platform.config, 'erasures');
const pathOf = (state: ServingState, id: string) => join(folderOf(state), `${id}.json`);

export function writeErasure(state: ServingState, id: string, file: ErasureFile): void {
  const path = pathOf(state, id);
  mkdirSync(folderOf(state), { recursive: true });
  writeFileSync(`${path}.tmp`, JSON.stringify(file), { mode: 0o600, flush: true });
  renameSync(`${path}.tmp`, path);
}

/** Undefined when it has ended. */
export function readErasure(state: ServingState, id: string): ErasureFile | undefined {
  try {
    return JSON.parse(readFileSync(pathOf(state, id), 'utf8')) as ErasureFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export function removeErasure(state: ServingState, id: string): void {
  rmSync(pathOf(state, id), { force: true });
}

/** Removes what a death has left: files of erasures whose job is over, results of queries, uploads of feedback. */
export async function sweepErasures(state: ServingState, scope: Scope): Promise<void> {
  const temporary = dataFolder(state.platform.config, 'tmp');
  for (const name of readdirSync(temporary))
    if (/^(query|feedback)-/.test(name)) rmSync(join(temporary, name), { force: true });
  const jobs = await scope.platform.jobs.list(scope, { kind: erasureJob });
  const open = new Set(
    jobs
      .filter(({ state: at }) => at === 'queued' || at === 'running')
      .map(({ payload }) => String(payload.erasure)),
  );
  for (const name of readdirSync(folderOf(state))) {
    const id = /^(erasure_\w+)\.json$/.exec(name)?.[1];
    if (id === undefined || (!open.has(id) && readErasure(state, id)?.entity === null))
      rmSync(join(folderOf(state), name), { force: true });
  }
}

/** How far an erasure is. @throws serving.erasure.not_found */
export async function getErasure(scope: Scope, deployment: string, id: string) {
  authorise(scope, 'serving.erase');
  const jobs = await scope.platform.jobs.list(scope, { kind: erasureJob });
  const job = jobs.find(({ payload }) => payload.erasure === id);
  const events = await listEvents(scope, {
    subject: `deployment:${deployment}`,
    types: [erasureEvent],
    limit: 1000,
  });
  const event = events.find(({ data }) => data.erasure === id);
  if (!job && !event) throw privacyError('serving.erasure.not_found', 'There is no erasure with this id.');
  const result = (event?.data.counts as ErasureCountsBody | undefined) ?? null;
  return {
    id,
    state: event ? 'done' : (job?.state ?? 'done'),
    progress: job?.progress ?? null,
    note: job?.note ?? null,
    error: job?.error ?? null,
    result,
  };
}
