import type { Migration } from '../../platform/db/database.ts';
import { predictionTracesMigration } from './observability/prediction-traces.store.ts';

export type DeploymentRow = {
  name: string;
  workspace: string;
  environment: string;
  /** DeploymentSpec as JSON. */
  spec: string;
  champion: string | null;
  previous: string | null;
  created_at: number;
  updated_at: number;
};

export type RevisionRow = {
  id: string;
  deployment: string;
  model: string;
  version: number;
  digest: string;
  feature_service: string | null;
  feature_digest: string | null;
  /** RuntimeSettings as JSON. */
  settings: string;
  /** RevisionGraph as JSON; null for a single model. Names the digests of its models. */
  graph: string | null;
  /** Names of the vector's columns as JSON. */
  features: string;
  created_at: number;
};

export type RolloutRow = {
  id: string;
  deployment: string;
  state: string;
  challenger: string;
  champion: string | null;
  step: number;
  weight: number;
  salt: string;
  /** RolloutSettings as JSON. */
  settings: string;
  /** Evidence as JSON, for people; the decisions are recomputed from the prediction log. */
  evidence: string;
  reason: string;
  approval: string | null;
  event: string | null;
  actor: string;
  created_at: number;
  started_at: number | null;
  step_at: number | null;
  ended_at: number | null;
};

/** Bytes that have run well in a child process, by version of the runtime. */
export type ProbeRow = { digest: string; runtime: string; took_ms: number; created_at: number };

/** A revision that is not loaded any more, until a person releases it; released ones stay as a record. */
export type QuarantineRow = {
  id: string;
  revision: string;
  deployment: string;
  model: string;
  version: number;
  kind: string;
  reason: string;
  /** What led to it, as JSON: [{ time, kind, detail }]. */
  faults: string;
  /** Who answers instead: champion | previous | fallback | nobody. */
  answered_by: string;
  event: string;
  created_at: number;
  released_at: number | null;
  released_by: string | null;
  release_reason: string | null;
};

declare module '../../platform/db/database.ts' {
  interface Database {
    serving_deployments: DeploymentRow;
    serving_revisions: RevisionRow;
    serving_rollouts: RolloutRow;
    serving_probes: ProbeRow;
    serving_quarantines: QuarantineRow;
  }
}

export const servingMigrations: Migration[] = [
  {
    name: 'serving-001-deployments',
    async up(db) {
      await db.schema
        .createTable('serving_deployments')
        .addColumn('name', 'text', (column) => column.primaryKey())
        .addColumn('workspace', 'text', (column) => column.notNull())
        .addColumn('environment', 'text', (column) => column.notNull())
        .addColumn('spec', 'text', (column) => column.notNull())
        .addColumn('champion', 'text')
        .addColumn('previous', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('serving_revisions')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('feature_service', 'text')
        .addColumn('feature_digest', 'text')
        .addColumn('settings', 'text', (column) => column.notNull())
        .addColumn('features', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .execute();
      await db.schema
        .createIndex('serving_revisions_deployment')
        .on('serving_revisions')
        .columns(['deployment', 'created_at'])
        .execute();
      await db.schema
        .createTable('serving_rollouts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('challenger', 'text', (column) => column.notNull())
        .addColumn('champion', 'text')
        .addColumn('step', 'integer', (column) => column.notNull())
        .addColumn('weight', 'integer', (column) => column.notNull())
        .addColumn('salt', 'text', (column) => column.notNull())
        .addColumn('settings', 'text', (column) => column.notNull())
        .addColumn('evidence', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('approval', 'text')
        .addColumn('event', 'text')
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('started_at', 'bigint')
        .addColumn('step_at', 'bigint')
        .addColumn('ended_at', 'bigint')
        .execute();
      await db.schema
        .createIndex('serving_rollouts_deployment')
        .on('serving_rollouts')
        .columns(['deployment', 'created_at'])
        .execute();
      await db.schema
        .createIndex('serving_rollouts_state')
        .on('serving_rollouts')
        .columns(['state'])
        .execute();
    },
  },
  predictionTracesMigration,
  {
    name: 'serving-graphs-001',
    async up(db) {
      await db.schema.alterTable('serving_revisions').addColumn('graph', 'text').execute();
    },
  },
  {
    name: 'serving-isolation-001-quarantine',
    async up({ schema }) {
      await schema
        .createTable('serving_probes')
        .addColumn('digest', 'text', (column) => column.notNull())
        .addColumn('runtime', 'text', (column) => column.notNull())
        .addColumn('took_ms', 'integer', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('serving_probes_key', ['digest', 'runtime'])
        .execute();
      await schema
        .createTable('serving_quarantines')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('revision', 'text', (column) => column.notNull())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('kind', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('faults', 'text', (column) => column.notNull())
        .addColumn('answered_by', 'text', (column) => column.notNull())
        .addColumn('event', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('released_at', 'bigint')
        .addColumn('released_by', 'text')
        .addColumn('release_reason', 'text')
        .execute();
      await schema
        .createIndex('serving_quarantines_by_revision')
        .on('serving_quarantines')
        .columns(['revision', 'released_at'])
        .execute();
    },
  },
];
