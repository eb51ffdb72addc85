import type { Migration } from '../../../platform/db/database.ts';

export const governanceTables: Migration = {
  name: 'governance-001-tables',
  async up({ schema }) {
    await schema
      .createTable('governance_policies')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('revision', 'integer', (column) => column.notNull())
      .addColumn('workspace', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('spec', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('actor', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('governance_policies_key', ['name', 'revision'])
      .execute();
    await schema
      .createTable('governance_approvals')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('key', 'text', (column) => column.notNull().unique())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('policy', 'text', (column) => column.notNull())
      .addColumn('policy_digest', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('environment', 'text', (column) => column.notNull())
      .addColumn('severity', 'text')
      .addColumn('required', 'integer', (column) => column.notNull())
      .addColumn('roles', 'text', (column) => column.notNull())
      .addColumn('excluded', 'text', (column) => column.notNull())
      .addColumn('requester', 'text', (column) => column.notNull())
      .addColumn('decided', 'integer', (column) => column.notNull())
      .addColumn('requested_at', 'bigint', (column) => column.notNull())
      .addColumn('decided_at', 'bigint')
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await schema
      .createIndex('governance_approvals_by_digest')
      .on('governance_approvals')
      .columns(['digest', 'environment'])
      .execute();
    await schema
      .createIndex('governance_approvals_by_state')
      .on('governance_approvals')
      .columns(['state', 'requested_at'])
      .execute();
    await schema
      .createTable('governance_decisions')
      .addColumn('approval_id', 'text', (column) => column.notNull().references('governance_approvals.id'))
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('decision', 'text', (column) => column.notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('decided_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('governance_decisions_key', ['approval_id', 'actor'])
      .execute();
  },
};
