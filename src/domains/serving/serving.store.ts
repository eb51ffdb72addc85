import type { Db } from '../../platform/db/database.ts';
import type { Evidence } from './rollouts/rollout.contract.ts';
import { openStates, type RolloutSettings, type RolloutStateName } from './rollouts/rollout.model.ts';
import type { Revision } from './runtime/live-revision.ts';
import type { DeploymentSpecInput } from './serving.contract.ts';
import type { DeploymentRow, RevisionRow, RolloutRow } from './serving.tables.ts';

export type Deployment = {
  name: string;
  environment: string;
  spec: DeploymentSpecInput;
  /** Ids of revisions. */
  champion: string | null;
  previous: string | null;
  createdAt: number;
  updatedAt: number;
};

export type Rollout = {
  id: string;
  deployment: string;
  state: RolloutStateName;
  challenger: string;
  champion: string | null;
  step: number;
  weight: number;
  salt: string;
  settings: RolloutSettings;
  evidence: Evidence;
  reason: string;
  approval: string | null;
  /** The ledger event of its start. */
  event: string | null;
  actor: string;
  createdAt: number;
  startedAt: number | null;
  stepAt: number | null;
  endedAt: number | null;
};

export async function getDeployment(db: Db, name: string): Promise<Deployment | undefined> {
  const row = await db
    .selectFrom('serving_deployments')
    .selectAll()
    .where('name', '=', name)
    .executeTakeFirst();
  return row && toDeployment(row);
}

export async function listDeployments(db: Db): Promise<Deployment[]> {
  const rows = await db.selectFrom('serving_deployments').selectAll().orderBy('name').execute();
  return rows.map(toDeployment);
}

/** Inserts the deployment or replaces its spec. */
export async function putDeployment(
  db: Db,
  name: string,
  spec: DeploymentSpecInput,
  now: number,
): Promise<void> {
  const environment = spec.environment ?? 'prod';
  const text = JSON.stringify(spec);
  await db
    .insertInto('serving_deployments')
    .values({
      name,
      workspace: 'default',
      environment,
      spec: text,
      champion: null,
      previous: null,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet({ environment, spec: text, updated_at: now }),
    )
    .execute();
}

export async function setChampion(
  db: Db,
  name: string,
  revisions: { champion: string | null; previous: string | null },
  now: number,
): Promise<void> {
  await db
    .updateTable('serving_deployments')
    .set({ ...revisions, updated_at: now })
    .where('name', '=', name)
    .execute();
}

export async function removeDeployment(db: Db, name: string): Promise<void> {
  await db.deleteFrom('serving_deployments').where('name', '=', name).execute();
}

export async function getRevision(db: Db, id: string): Promise<Revision | undefined> {
  const row = await db.selectFrom('serving_revisions').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toRevision(row);
}

/** The champions of all deployments, by id. */
export async function listChampions(db: Db): Promise<Map<string, Revision>> {
  const rows = await db
    .selectFrom('serving_revisions')
    .innerJoin('serving_deployments', 'serving_deployments.champion', 'serving_revisions.id')
    .selectAll('serving_revisions')
    .execute();
  return new Map(rows.map((row) => [row.id, toRevision(row)]));
}

export async function listRevisions(db: Db, deployment: string): Promise<Revision[]> {
  const rows = await db
    .selectFrom('serving_revisions')
    .selectAll()
    .where('deployment', '=', deployment)
    .orderBy('created_at')
    .execute();
  return rows.map(toRevision);
}

/** True when it was new. */
export async function insertRevision(db: Db, revision: Revision): Promise<boolean> {
  const result = await db
    .insertInto('serving_revisions')
    .values({
      id: revision.id,
      deployment: revision.deployment,
      model: revision.model,
      version: revision.version,
      digest: revision.digest,
      feature_service: revision.featureService,
      feature_digest: revision.featureDigest,
      settings: JSON.stringify(revision.settings),
      graph: revision.graph && JSON.stringify(revision.graph),
      features: JSON.stringify(revision.features),
      created_at: revision.createdAt,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0) > 0;
}

export async function insertRollout(db: Db, rollout: Rollout): Promise<void> {
  await db.insertInto('serving_rollouts').values(toRolloutRow(rollout)).execute();
}

/** Writes the fields that change in a rollout's life. */
export async function updateRollout(
  db: Db,
  id: string,
  change: Partial<Omit<Rollout, 'id' | 'deployment'>>,
): Promise<void> {
  const { settings, evidence, createdAt, startedAt, stepAt, endedAt, ...plain } = change;
  await db
    .updateTable('serving_rollouts')
    .set({
      ...plain,
      ...(settings && { settings: JSON.stringify(settings) }),
      ...(evidence && { evidence: JSON.stringify(evidence) }),
      ...(createdAt !== undefined && { created_at: createdAt }),
      ...(startedAt !== undefined && { started_at: startedAt }),
      ...(stepAt !== undefined && { step_at: stepAt }),
      ...(endedAt !== undefined && { ended_at: endedAt }),
    })
    .where('id', '=', id)
    .execute();
}

export async function getRollout(db: Db, id: string): Promise<Rollout | undefined> {
  const row = await db.selectFrom('serving_rollouts').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toRollout(row);
}

/** Newest first. */
export async function listRollouts(
  db: Db,
  filter: { deployment?: string; open?: boolean; limit?: number },
): Promise<Rollout[]> {
  let query = db.selectFrom('serving_rollouts').selectAll();
  if (filter.deployment !== undefined) query = query.where('deployment', '=', filter.deployment);
  if (filter.open) query = query.where('state', 'in', [...openStates]);
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 100)
    .execute();
  return rows.map(toRollout);
}

function toDeployment(row: DeploymentRow): Deployment {
  const { name, environment, champion, previous } = row;
  const spec = JSON.parse(row.spec) as DeploymentSpecInput;
  return {
    name,
    environment,
    spec,
    champion,
    previous,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toRevision(row: RevisionRow): Revision {
  return {
    id: row.id,
    deployment: row.deployment,
    model: row.model,
    version: row.version,
    digest: row.digest,
    featureService: row.feature_service,
    featureDigest: row.feature_digest,
    settings: JSON.parse(row.settings),
    graph: row.graph === null ? null : JSON.parse(row.graph),
    features: JSON.parse(row.features),
    createdAt: row.created_at,
  };
}

function toRollout(row: RolloutRow): Rollout {
  const { id, deployment, challenger, champion, step, weight, salt, reason, approval, event, actor } = row;
  return {
    id,
    deployment,
    state: row.state as RolloutStateName,
    challenger,
    champion,
    step,
    weight,
    salt,
    settings: JSON.parse(row.settings),
    evidence: JSON.parse(row.evidence),
    reason,
    approval,
    event,
    actor,
    createdAt: row.created_at,
    startedAt: row.started_at,
    stepAt: row.step_at,
    endedAt: row.ended_at,
  };
}

function toRolloutRow(rollout: Rollout): RolloutRow {
  const { createdAt, startedAt, stepAt, endedAt, settings, evidence, ...plain } = rollout;
  return {
    ...plain,
    settings: JSON.stringify(settings),
    evidence: JSON.stringify(evidence),
    created_at: createdAt,
    started_at: startedAt,
    step_at: stepAt,
    ended_at: endedAt,
  };
}
