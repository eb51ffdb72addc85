import type { Db } from '../../../platform/db/database.ts';
import type { FaultKind } from '../runtime/model-host.ts';
import type { QuarantineRow } from '../serving.tables.ts';

/** Who answers instead of a revision in quarantine. */
export type AnsweredBy = 'champion' | 'previous' | 'fallback' | 'nobody';

export type QuarantineRecord = {
  id: string;
  revision: string;
  deployment: string;
  model: string;
  version: number;
  kind: FaultKind;
  reason: string;
  faults: { time: number; kind: FaultKind; detail: string }[];
  answeredBy: AnsweredBy;
  /** The ledger event of its beginning. */
  event: string;
  createdAt: number;
  releasedAt: number | null;
  releasedBy: string | null;
  releaseReason: string | null;
};

export async function insertQuarantine(db: Db, record: QuarantineRecord): Promise<void> {
  await db.insertInto('serving_quarantines').values(toRow(record)).execute();
}

/** Newest first. `isActive`: only those that are not released, or only those that are. */
export async function listQuarantines(
  db: Db,
  filter: { deployment?: string; revision?: string; isActive?: boolean; limit?: number } = {},
): Promise<QuarantineRecord[]> {
  let query = db.selectFrom('serving_quarantines').selectAll();
  if (filter.deployment !== undefined) query = query.where('deployment', '=', filter.deployment);
  if (filter.revision !== undefined) query = query.where('revision', '=', filter.revision);
  if (filter.isActive !== undefined)
    query = query.where('released_at', filter.isActive ? 'is' : 'is not', null);
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 200)
    .execute();
  return rows.map(toRecord);
}

/** Releases whatever quarantine of the revision is active. */
export async function releaseQuarantine(
  db: Db,
  revision: string,
  release: { at: number; by: string; reason: string },
): Promise<void> {
  await db
    .updateTable('serving_quarantines')
    .set({ released_at: release.at, released_by: release.by, release_reason: release.reason })
    .where('revision', '=', revision)
    .where('released_at', 'is', null)
    .execute();
}

function toRow(record: QuarantineRecord): QuarantineRow {
  return {
    id: record.id,
    revision: record.revision,
    deployment: record.deployment,
    model: record.model,
    version: record.version,
    kind: record.kind,
    reason: record.reason,
    faults: JSON.stringify(record.faults),
    answered_by: record.answeredBy,
    event: record.event,
    created_at: record.createdAt,
    released_at: record.releasedAt,
    released_by: record.releasedBy,
    release_reason: record.releaseReason,
  };
}

function toRecord(row: QuarantineRow): QuarantineRecord {
  return {
    id: row.id,
    revision: row.revision,
    deployment: row.deployment,
    model: row.model,
    version: row.version,
    kind: row.kind as FaultKind,
    reason: row.reason,
    faults: JSON.parse(row.faults) as QuarantineRecord['faults'],
    answeredBy: row.answered_by as AnsweredBy,
    event: row.event,
    createdAt: row.created_at,
    releasedAt: row.released_at,
    releasedBy: row.released_by,
    releaseReason: row.release_reason,
  };
}
