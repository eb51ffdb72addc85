import { sql } from 'kysely';
import type { Migration } from '../../../platform/db/database.ts';

/**
 * Approvals need no model any more: steps of pipelines ask too. SQLite cannot make a column nullable, so both tables
 * are built anew with their rows.
 */
export const stepApprovals: Migration = {
  name: 'governance-002-step-approvals',
  async up(db) {
    const { schema } = db;
    await schema
      .createTable('governance_approvals_new')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull().unique())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('subject', 'text', (column) => column.notNull())
      .addColumn('question', 'text')
      .addColumn('run', 'text')
      .addColumn('step', 'text')
      .addColumn('policy', 'text')
      .addColumn('policy_digest', 'text')
      .addColumn('model', 'text')
      .addColumn('version', 'integer')
      .addColumn('digest', 'text')
      .addColumn('environment', 'text')
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
    const kept = sql.raw(
      'policy, policy_digest, model, version, digest, environment, severity, required, roles, excluded, requester, decided, requested_at, decided_at, expires_at',
    );
    await sql`insert into governance_approvals_new (id, kind, key, state, subject, ${kept})
      select id, 'promotion', key, state, 'model:' || model || '/' || version, ${kept}
      from governance_approvals`.execute(db);
    await schema
      .createTable('governance_decisions_new')
      .addColumn('approval_id', 'text', (column) =>
        column.notNull().references('governance_approvals_new.id'),
      )
      .addColumn('actor', 'text', (column) => column.notNull())
      .addColumn('decision', 'text', (column) => column.notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('decided_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('governance_decisions_by_person', ['approval_id', 'actor'])
      .execute();
    const decision = sql.raw('approval_id, actor, decision, reason, decided_at');
    await sql`insert into governance_decisions_new (${decision})
      select ${decision} from governance_decisions`.execute(db);
    await schema.dropTable('governance_decisions').execute();
    await schema.dropTable('governance_approvals').execute();
    await schema.alterTable('governance_approvals_new').renameTo('governance_approvals').execute();
    await schema.alterTable('governance_decisions_new').renameTo('governance_decisions').execute();
    const index = (name: string, columns: string[]) =>
      schema
        .createIndex(`governance_approvals_by_${name}`)
        .on('governance_approvals')
        .columns(columns)
        .execute();
    await index('digest', ['digest', 'environment']);
    await index('state', ['state', 'requested_at']);
    await index('run', ['run', 'state']);
  },
};
