import type { Migration } from '../../platform/db/database.ts';

export type MonitorRow = {
  deployment: string;
  /** MonitorSpecInput as JSON: only what was declared. */
  spec: string;
  created_at: number;
  updated_at: number;
};

export type ReferenceRow = {
  id: string;
  deployment: string;
  revision: string;
  model: string;
  version: number;
  /** training | live */
  source: string;
  /** ReferenceProfile as JSON. */
  profile: string;
  /** Importance by feature as JSON, or null. */
  importance: string | null;
  created_at: number;
};

export type WindowRow = {
  deployment: string;
  /** Event time in milliseconds. */
  start: number;
  end: number;
  /** provisional | final */
  state: string;
  /** Revision that answered most rows. */
  revision: string;
  reference: string | null;
  rows: number;
  labelled: number;
  /** WindowFacts as JSON: what was counted. */
  facts: string;
  /** Judgement as JSON: what it means. */
  judgement: string;
  evaluated_at: number;
};

export type AlertRow = {
  id: string;
  deployment: string;
  rule: string;
  severity: string;
  state: string;
  /** Start of the window in which it became pending, and of the newest one that it looked at. */
  window_start: number;
  last_window: number;
  reason: string;
  evidence: string;
  incident: string | null;
  created_at: number;
  fired_at: number | null;
  resolved_at: number | null;
};

export type IncidentRow = {
  id: string;
  deployment: string;
  state: string;
  severity: string;
  reason: string;
  rule: string;
  revision: string;
  model: string;
  version: number;
  /** Start of the window that opened it, and of the one that closed it. */
  window_start: number;
  resolved_window: number | null;
  evidence: string;
  opened_at: number;
  acknowledged_at: number | null;
  acknowledged_by: string | null;
  resolved_at: number | null;
  resolved_by: string | null;
  resolution: string | null;
  event: string;
};

export type NoteRow = { id: string; incident: string; time: number; actor: string; text: string };

declare module '../../platform/db/database.ts' {
  interface Database {
    monitoring_monitors: MonitorRow;
    monitoring_references: ReferenceRow;
    monitoring_windows: WindowRow;
    monitoring_alerts: AlertRow;
    monitoring_incidents: IncidentRow;
    monitoring_notes: NoteRow;
  }
}

export const monitoringMigrations: Migration[] = [
  {
    name: 'monitoring-001-monitors',
    async up({ schema }) {
      await schema
        .createTable('monitoring_monitors')
        .addColumn('deployment', 'text', (column) => column.primaryKey())
        .addColumn('spec', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('updated_at', 'bigint', (column) => column.notNull())
        .execute();
      await schema
        .createTable('monitoring_references')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('revision', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('source', 'text', (column) => column.notNull())
        .addColumn('profile', 'text', (column) => column.notNull())
        .addColumn('importance', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addUniqueConstraint('monitoring_references_key', ['deployment', 'revision'])
        .execute();
      await schema
        .createTable('monitoring_windows')
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('start', 'bigint', (column) => column.notNull())
        .addColumn('end', 'bigint', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('revision', 'text', (column) => column.notNull())
        .addColumn('reference', 'text')
        .addColumn('rows', 'integer', (column) => column.notNull())
        .addColumn('labelled', 'integer', (column) => column.notNull())
        .addColumn('facts', 'text', (column) => column.notNull())
        .addColumn('judgement', 'text', (column) => column.notNull())
        .addColumn('evaluated_at', 'bigint', (column) => column.notNull())
        .addPrimaryKeyConstraint('monitoring_windows_key', ['deployment', 'start'])
        .execute();
      await schema
        .createTable('monitoring_alerts')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('rule', 'text', (column) => column.notNull())
        .addColumn('severity', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('window_start', 'bigint', (column) => column.notNull())
        .addColumn('last_window', 'bigint', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('evidence', 'text', (column) => column.notNull())
        .addColumn('incident', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('fired_at', 'bigint')
        .addColumn('resolved_at', 'bigint')
        .execute();
      await schema
        .createIndex('monitoring_alerts_by_deployment')
        .on('monitoring_alerts')
        .columns(['deployment', 'state'])
        .execute();
      await schema
        .createTable('monitoring_incidents')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('deployment', 'text', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('severity', 'text', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('rule', 'text', (column) => column.notNull())
        .addColumn('revision', 'text', (column) => column.notNull())
        .addColumn('model', 'text', (column) => column.notNull())
        .addColumn('version', 'integer', (column) => column.notNull())
        .addColumn('window_start', 'bigint', (column) => column.notNull())
        .addColumn('resolved_window', 'bigint')
        .addColumn('evidence', 'text', (column) => column.notNull())
        .addColumn('opened_at', 'bigint', (column) => column.notNull())
        .addColumn('acknowledged_at', 'bigint')
        .addColumn('acknowledged_by', 'text')
        .addColumn('resolved_at', 'bigint')
        .addColumn('resolved_by', 'text')
        .addColumn('resolution', 'text')
        .addColumn('event', 'text', (column) => column.notNull())
        .execute();
      await schema
        .createIndex('monitoring_incidents_by_deployment')
        .on('monitoring_incidents')
        .columns(['deployment', 'opened_at'])
        .execute();
      await schema
        .createTable('monitoring_notes')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('incident', 'text', (column) => column.notNull())
        .addColumn('time', 'bigint', (column) => column.notNull())
        .addColumn('actor', 'text', (column) => column.notNull())
        .addColumn('text', 'text', (column) => column.notNull())
        .execute();
      await schema
        .createIndex('monitoring_notes_by_incident')
        .on('monitoring_notes')
        .columns(['incident', 'time'])
        .execute();
    },
  },
];
