import type { Db } from '../../../platform/db/database.ts';
import type { PipelineRow, RevisionRow } from '../pipelines.tables.ts';
import type { PipelineSpec } from './definition.contract.ts';

/** One immutable revision of a pipeline. */
export type Definition = {
  pipeline: string;
  revision: number;
  digest: string;
  spec: PipelineSpec;
  createdAt: number;
  createdBy: string;
};

const toDefinition = (row: RevisionRow): Definition => ({
  pipeline: row.pipeline,
  revision: row.revision,
  digest: row.digest,
  spec: JSON.parse(row.definition) as PipelineSpec,
  createdAt: row.created_at,
  createdBy: row.created_by,
});

/** The given revision of a pipeline, else its newest. */
export async function findDefinition(
  db: Db,
  pipeline: string,
  revision?: number,
): Promise<Definition | undefined> {
  let query = db.selectFrom('pipelines_revisions').selectAll().where('pipeline', '=', pipeline);
  if (revision !== undefined) query = query.where('revision', '=', revision);
  const row = await query.orderBy('revision', 'desc').limit(1).executeTakeFirst();
  return row && toDefinition(row);
}

/** The newest revision of every pipeline, by name. */
export async function listDefinitions(db: Db): Promise<Definition[]> {
  const rows = await db
    .selectFrom('pipelines')
    .innerJoin('pipelines_revisions', (join) =>
      join
        .onRef('pipelines_revisions.pipeline', '=', 'pipelines.name')
        .onRef('pipelines_revisions.revision', '=', 'pipelines.revision'),
    )
    .selectAll('pipelines_revisions')
    .orderBy('pipelines.name')
    .execute();
  return rows.map(toDefinition);
}

/** All revisions of a pipeline, newest first. */
export async function listRevisions(db: Db, pipeline: string): Promise<Definition[]> {
  const rows = await db
    .selectFrom('pipelines_revisions')
    .selectAll()
    .where('pipeline', '=', pipeline)
    .orderBy('revision', 'desc')
    .limit(200)
    .execute();
  return rows.map(toDefinition);
}

export async function insertRevision(db: Db, row: RevisionRow, workspace: string): Promise<void> {
  const pipeline: PipelineRow = {
    name: row.pipeline,
    workspace,
    revision: row.revision,
    lock: 0,
    created_at: row.created_at,
    updated_at: row.created_at,
  };
  await db
    .insertInto('pipelines')
    .values(pipeline)
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ revision: row.revision, updated_at: row.created_at }),
    )
    .execute();
  await db.insertInto('pipelines_revisions').values(row).execute();
}

/** Holds the pipeline until the transaction ends, so that its runs are admitted by one server at a time. */
export async function lockPipeline(db: Db, name: string): Promise<void> {
  await db
    .updateTable('pipelines')
    .set((eb) => ({ lock: eb('lock', '+', 1) }))
    .where('name', '=', name)
    .execute();
}
