import type { Db } from '../../platform/db/database.ts';
import type { MonitorSpecInput } from './monitoring.contract.ts';
import type { Judgement, Reference, WindowFacts, WindowRecord } from './monitoring.model.ts';
import type { ReferenceRow, WindowRow } from './monitoring.tables.ts';
import type { ReferenceProfile } from './statistics/reference.ts';

export type Monitor = { deployment: string; spec: MonitorSpecInput; createdAt: number; updatedAt: number };

export async function listMonitors(db: Db): Promise<Monitor[]> {
  const rows = await db.selectFrom('monitoring_monitors').selectAll().orderBy('deployment').execute();
  return rows.map(({ deployment, spec, created_at, updated_at }) => ({
    deployment,
    spec: JSON.parse(spec) as MonitorSpecInput,
    createdAt: created_at,
    updatedAt: updated_at,
  }));
}

/** Names of the deployments that have a monitor. */
export async function listMonitored(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('monitoring_monitors')
    .select('deployment')
    .orderBy('deployment')
    .execute();
  return rows.map(({ deployment }) => deployment);
}

export async function findMonitor(db: Db, deployment: string): Promise<Monitor | undefined> {
  const row = await db
    .selectFrom('monitoring_monitors')
    .selectAll()
    .where('deployment', '=', deployment)
    .executeTakeFirst();
  return (
    row && {
      deployment,
      spec: JSON.parse(row.spec) as MonitorSpecInput,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    }
  );
}

/** Inserts a monitor unless it is there; true when it was new. */
export async function insertMonitor(
  db: Db,
  deployment: string,
  spec: MonitorSpecInput,
  now: number,
): Promise<boolean> {
  const inserted = await db
    .insertInto('monitoring_monitors')
    .values({ deployment, spec: JSON.stringify(spec), created_at: now, updated_at: now })
    .onConflict((conflict) => conflict.column('deployment').doNothing())
    .returning('deployment')
    .executeTakeFirst();
  return inserted !== undefined;
}

export async function updateMonitor(
  db: Db,
  deployment: string,
  spec: MonitorSpecInput,
  now: number,
): Promise<void> {
  await db
    .updateTable('monitoring_monitors')
    .set({ spec: JSON.stringify(spec), updated_at: now })
    .where('deployment', '=', deployment)
    .execute();
}

export async function findReference(
  db: Db,
  deployment: string,
  revision: string,
): Promise<Reference | undefined> {
  const row = await db
    .selectFrom('monitoring_references')
    .selectAll()
    .where('deployment', '=', deployment)
    .where('revision', '=', revision)
    .executeTakeFirst();
  return row && toReference(row);
}

export async function getReference(db: Db, id: string): Promise<Reference | undefined> {
  const row = await db
    .selectFrom('monitoring_references')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return row && toReference(row);
}

/** Model and version of each reference of a deployment. */
export async function referencesOf(
  db: Db,
  deployment: string,
): Promise<Map<string, { model: string; version: number }>> {
  const rows = await db
    .selectFrom('monitoring_references')
    .select(['id', 'model', 'version'])
    .where('deployment', '=', deployment)
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return new Map(rows.map(({ id, model, version }) => [id, { model, version }]));
}

/** Keeps the reference of a revision, and returns the one that is kept: another evaluation may have been faster. */
export async function keepReference(db: Db, reference: Reference): Promise<Reference> {
  await db
    .insertInto('monitoring_references')
    .values({
      id: reference.id,
      deployment: reference.deployment,
      revision: reference.revision,
      model: reference.model,
      version: reference.version,
      source: reference.source,
      profile: JSON.stringify(reference.profile),
      importance: reference.importance && JSON.stringify(reference.importance),
      created_at: reference.createdAt,
    })
    .onConflict((conflict) => conflict.columns(['deployment', 'revision']).doNothing())
    .execute();
  return (await findReference(db, reference.deployment, reference.revision)) ?? reference;
}

export type WindowFilter = {
  /** Starts: from included, to excluded. */
  from?: number;
  to?: number;
  reference?: string;
  state?: 'provisional' | 'final';
  limit?: number;
  /** Oldest first is the default. */
  order?: 'newest' | 'oldest';
};

export async function listWindows(
  db: Db,
  deployment: string,
  filter: WindowFilter = {},
): Promise<WindowRecord[]> {
  let query = db.selectFrom('monitoring_windows').selectAll().where('deployment', '=', deployment);
  if (filter.from !== undefined) query = query.where('start', '>=', filter.from);
  if (filter.to !== undefined) query = query.where('start', '<', filter.to);
  if (filter.reference !== undefined) query = query.where('reference', '=', filter.reference);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  query = query.orderBy('start', filter.order === 'newest' ? 'desc' : 'asc');
  const rows = await query.limit(filter.limit ?? 10_000).execute();
  return rows.map(toWindow);
}

export async function putWindow(db: Db, window: WindowRecord): Promise<void> {
  const values = {
    end: window.end,
    state: window.state,
    revision: window.revision,
    reference: window.reference,
    rows: window.rows,
    labelled: window.labelled,
    facts: JSON.stringify(window.facts),
    judgement: JSON.stringify(window.judgement),
    evaluated_at: window.evaluatedAt,
  };
  await db
    .insertInto('monitoring_windows')
    .values({ deployment: window.deployment, start: window.start, ...values })
    .onConflict((conflict) => conflict.columns(['deployment', 'start']).doUpdateSet(values))
    .execute();
}

/** Starts and states only, oldest first. */
export async function windowStates(
  db: Db,
  deployment: string,
): Promise<{ start: number; state: string; rows: number }[]> {
  return db
    .selectFrom('monitoring_windows')
    .select(['start', 'state', 'rows'])
    .where('deployment', '=', deployment)
    .orderBy('start')
    .execute();
}

function toReference(row: ReferenceRow): Reference {
  return {
    id: row.id,
    deployment: row.deployment,
    revision: row.revision,
    model: row.model,
    version: row.version,
    source: row.source as Reference['source'],
    profile: JSON.parse(row.profile) as ReferenceProfile,
    importance: row.importance ? (JSON.parse(row.importance) as Record<string, number>) : null,
    createdAt: row.created_at,
  };
}

function toWindow(row: WindowRow): WindowRecord {
  return {
    deployment: row.deployment,
    start: row.start,
    end: row.end,
    state: row.state as WindowRecord['state'],
    revision: row.revision,
    reference: row.reference,
    rows: row.rows,
    labelled: row.labelled,
    // Half of the text, and only the comparison of a feature reads it.
    get facts() {
      return JSON.parse(row.facts) as WindowFacts;
    },
    judgement: JSON.parse(row.judgement) as Judgement,
    evaluatedAt: row.evaluated_at,
  };
}
