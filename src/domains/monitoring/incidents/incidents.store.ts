import type { Db } from '../../../platform/db/database.ts';
import type { Alert, Evidence, Incident, IncidentRule } from '../monitoring.model.ts';
import type { AlertRow, IncidentRow, NoteRow } from '../monitoring.tables.ts';

export async function insertAlert(db: Db, alert: Alert): Promise<void> {
  await db.insertInto('monitoring_alerts').values(toAlertRow(alert)).execute();
}

export async function updateAlert(db: Db, alert: Alert): Promise<void> {
  const { id, ...values } = toAlertRow(alert);
  await db.updateTable('monitoring_alerts').set(values).where('id', '=', id).execute();
}

export async function removeAlert(db: Db, id: string): Promise<void> {
  await db.deleteFrom('monitoring_alerts').where('id', '=', id).execute();
}

/** Newest first. */
export async function listAlerts(
  db: Db,
  filter: { deployment?: string; states?: readonly string[]; incident?: string; limit?: number } = {},
): Promise<Alert[]> {
  let query = db.selectFrom('monitoring_alerts').selectAll();
  if (filter.deployment !== undefined) query = query.where('deployment', '=', filter.deployment);
  if (filter.incident !== undefined) query = query.where('incident', '=', filter.incident);
  if (filter.states) query = query.where('state', 'in', [...filter.states]);
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 200)
    .execute();
  return rows.map(toAlert);
}

export async function insertIncident(db: Db, incident: Incident): Promise<void> {
  await db.insertInto('monitoring_incidents').values(toIncidentRow(incident)).execute();
}

export async function updateIncident(db: Db, incident: Incident): Promise<void> {
  const { id, ...values } = toIncidentRow(incident);
  await db.updateTable('monitoring_incidents').set(values).where('id', '=', id).execute();
}

export async function findIncident(db: Db, id: string): Promise<Incident | undefined> {
  const row = await db.selectFrom('monitoring_incidents').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toIncident(row);
}

/** Newest first. `active`: open or acknowledged. */
export async function listIncidents(
  db: Db,
  filter: { deployment?: string; state?: string; rules?: readonly IncidentRule[]; limit?: number } = {},
): Promise<Incident[]> {
  let query = db.selectFrom('monitoring_incidents').selectAll();
  if (filter.rules) query = query.where('rule', 'in', [...filter.rules]);
  if (filter.deployment !== undefined) query = query.where('deployment', '=', filter.deployment);
  if (filter.state === 'active') query = query.where('state', 'in', ['open', 'acknowledged']);
  else if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  const rows = await query
    .orderBy('opened_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? 200)
    .execute();
  return rows.map(toIncident);
}

export async function insertNote(db: Db, note: NoteRow): Promise<void> {
  await db.insertInto('monitoring_notes').values(note).execute();
}

export async function listNotes(db: Db, incident: string): Promise<NoteRow[]> {
  return db
    .selectFrom('monitoring_notes')
    .selectAll()
    .where('incident', '=', incident)
    .orderBy('time')
    .execute();
}

function toAlertRow(alert: Alert): AlertRow {
  return {
    id: alert.id,
    deployment: alert.deployment,
    rule: alert.rule,
    severity: alert.severity,
    state: alert.state,
    window_start: alert.window,
    last_window: alert.lastWindow,
    reason: alert.reason,
    evidence: JSON.stringify(alert.evidence),
    incident: alert.incident,
    created_at: alert.createdAt,
    fired_at: alert.firedAt,
    resolved_at: alert.resolvedAt,
  };
}

function toAlert(row: AlertRow): Alert {
  return {
    id: row.id,
    deployment: row.deployment,
    rule: row.rule as Alert['rule'],
    severity: row.severity as Alert['severity'],
    state: row.state as Alert['state'],
    window: row.window_start,
    lastWindow: row.last_window,
    reason: row.reason,
    evidence: JSON.parse(row.evidence) as Evidence,
    incident: row.incident,
    createdAt: row.created_at,
    firedAt: row.fired_at,
    resolvedAt: row.resolved_at,
  };
}

function toIncidentRow(incident: Incident): IncidentRow {
  return {
    id: incident.id,
    deployment: incident.deployment,
    state: incident.state,
    severity: incident.severity,
    reason: incident.reason,
    rule: incident.rule,
    revision: incident.revision,
    model: incident.model,
    version: incident.version,
    window_start: incident.window,
    resolved_window: incident.resolvedWindow,
    evidence: JSON.stringify(incident.evidence),
    opened_at: incident.openedAt,
    acknowledged_at: incident.acknowledgedAt,
    acknowledged_by: incident.acknowledgedBy,
    resolved_at: incident.resolvedAt,
    resolved_by: incident.resolvedBy,
    resolution: incident.resolution,
    event: incident.event,
  };
}

function toIncident(row: IncidentRow): Incident {
  return {
    id: row.id,
    deployment: row.deployment,
    state: row.state as Incident['state'],
    severity: row.severity as Incident['severity'],
    reason: row.reason,
    rule: row.rule as Incident['rule'],
    revision: row.revision,
    model: row.model,
    version: row.version,
    window: row.window_start,
    resolvedWindow: row.resolved_window,
    evidence: JSON.parse(row.evidence) as Evidence,
    openedAt: row.opened_at,
    acknowledgedAt: row.acknowledged_at,
    acknowledgedBy: row.acknowledged_by,
    resolvedAt: row.resolved_at,
    resolvedBy: row.resolved_by,
    resolution: row.resolution,
    event: row.event,
  };
}
