import { newId } from '../../../platform/ids.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { listEvents, record } from '../../../platform/ledger/index.ts';
import { type Scope, withCause } from '../../../platform/scope.ts';
import {
  type Alert,
  type AlertRule,
  alertRules,
  type Incident,
  severities,
  type WindowRecord,
} from '../monitoring.model.ts';
import type { MonitorSettings } from '../monitoring.settings.ts';
import * as store from './incidents.store.ts';
import { evidenceOf, isFine, nextMove, reasonOf, seriesOf } from './rules.ts';

export type Situation = {
  settings: MonitorSettings;
  /** Windows of the same reference up to this one, oldest first; only final ones when this one is final. */
  series: readonly WindowRecord[];
  model: string;
  version: number;
};

const rulesOf = {
  provisional: ['feature-drift', 'prediction-drift'],
  final: ['performance', 'costly-drift'],
} as const satisfies Record<WindowRecord['state'], readonly AlertRule[]>;

/**
 * Moves alerts and incidents on by one evaluated window, inside the transaction that stores it. Drift is judged when
 * the window closes, performance when its outcomes are complete.
 */
export async function advance(tx: Scope, window: WindowRecord, situation: Situation): Promise<void> {
  const { settings, series } = situation;
  if (settings.paused) return;
  const active = await store.listAlerts(tx.db, {
    deployment: window.deployment,
    states: ['pending', 'firing'],
  });
  for (const rule of rulesOf[window.state]) {
    const alert = active.find((one) => one.rule === rule) ?? null;
    if (alert && alert.lastWindow >= window.start && alert.window !== window.start) continue;
    const flags = seriesOf(rule, series, settings);
    await moveAlert(tx, rule, alert, flags, window, situation);
  }
  if (window.state === 'final') {
    await escalate(tx, window, situation);
    await settleIncident(tx, window, situation);
  }
}

async function moveAlert(
  tx: Scope,
  rule: AlertRule,
  alert: Alert | null,
  flags: readonly boolean[],
  window: WindowRecord,
  situation: Situation,
): Promise<void> {
  const now = tx.now();
  const state = alert ? (alert.state as 'pending' | 'firing') : null;
  const move = nextMove(state, flags, situation.settings.persistence);
  if (move === 'none') return;
  if (move === 'drop' && alert) return store.removeAlert(tx.db, alert.id);
  const next: Alert = alert
    ? { ...alert, lastWindow: window.start }
    : {
        id: newId('alert', now),
        deployment: window.deployment,
        rule,
        severity: severities[rule],
        state: 'pending',
        window: window.start,
        lastWindow: window.start,
        reason: reasonOf(rule, window),
        evidence: evidenceOf(window),
        incident: null,
        createdAt: now,
        firedAt: null,
        resolvedAt: null,
      };
  if (flags.at(-1)) Object.assign(next, { reason: reasonOf(rule, window), evidence: evidenceOf(window) });
  if (move === 'fire') Object.assign(next, { state: 'firing', firedAt: now });
  if (move === 'resolve') Object.assign(next, { state: 'resolved', resolvedAt: now });
  await (alert ? store.updateAlert(tx.db, next) : store.insertAlert(tx.db, next));
  if (move === 'fire') await announce(tx, next, window, situation);
}

/** Records a new episode: drift once for features and scores together, lost performance by itself. */
async function announce(tx: Scope, alert: Alert, window: WindowRecord, situation: Situation): Promise<void> {
  const { deployment, rule } = alert;
  if (rule === 'costly-drift') return;
  if (rule !== 'performance') {
    const firing = await store.listAlerts(tx.db, { deployment, states: ['firing'] });
    const isTold = firing.some((one) => one.id !== alert.id && /^(feature|prediction)-drift$/.test(one.rule));
    if (isTold) return;
  }
  const { evidence } = alert;
  const data: JsonObject = {
    deployment,
    alert: alert.id,
    window: { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() },
    reason: alert.reason,
    ...(rule === 'performance'
      ? { performance: evidence.performance as unknown as Json }
      : { features: evidence.features as unknown as Json }),
  };
  await record(tx, {
    type: rule === 'performance' ? 'monitoring.performance.degraded' : 'monitoring.drift.detected',
    subject: `alert:${alert.id}`,
    data,
    uses: subjects(window, situation),
  });
}

const subjects = ({ deployment, revision }: WindowRecord, { model, version }: Situation) => [
  `deployment:${deployment}`,
  `revision:${revision}`,
  `model:${model}/${version}`,
];

/**
 * Opens an incident for what fires, unless one is open or the last one is too recent. Lost performance pages; drift
 * that costs is a ticket; drift alone becomes an incident only where no outcomes come to judge performance by.
 */
async function escalate(tx: Scope, window: WindowRecord, situation: Situation): Promise<void> {
  const { deployment } = window;
  const { settings } = situation;
  const firing = await store.listAlerts(tx.db, { deployment, states: ['firing'] });
  const isBlind = window.judgement.performance === null;
  const worthy = (['performance', 'costly-drift', ...(isBlind ? ['prediction-drift'] : [])] as AlertRule[])
    .map((rule) => firing.find((alert) => alert.rule === rule))
    .filter((alert) => alert !== undefined);
  const [alert] = worthy;
  if (!alert) return;
  const [last] = await store.listIncidents(tx.db, { deployment, rules: alertRules, limit: 1 });
  if (last && last.state !== 'resolved') {
    for (const one of worthy)
      if (!one.incident) await store.updateAlert(tx.db, { ...one, incident: last.id });
    return;
  }
  if (last && window.start - last.window < settings.cooldownWindows * settings.window) return;
  await openIncident(tx, alert, firing, window, situation);
}

async function openIncident(
  tx: Scope,
  alert: Alert,
  firing: readonly Alert[],
  window: WindowRecord,
  situation: Situation,
): Promise<void> {
  const now = tx.now();
  const id = newId('incident', now);
  const { deployment } = window;
  const severity = alert.severity === 'page' ? 'page' : 'ticket';
  const told = await lastTold(tx, firing);
  const event = await record(withCause(tx, told ?? tx.cause), {
    type: 'monitoring.incident.opened',
    subject: `incident:${id}`,
    data: {
      incident: id,
      deployment,
      severity,
      rule: alert.rule,
      reason: alert.reason,
      window: { start: new Date(window.start).toISOString(), end: new Date(window.end).toISOString() },
      evidence: alert.evidence as unknown as Json,
    },
    uses: [...subjects(window, situation), ...firing.map((one) => `alert:${one.id}`)],
  });
  const incident: Incident = {
    id,
    deployment,
    state: 'open',
    severity,
    rule: alert.rule,
    reason: alert.reason,
    revision: window.revision,
    model: situation.model,
    version: situation.version,
    window: window.start,
    resolvedWindow: null,
    evidence: alert.evidence,
    openedAt: now,
    acknowledgedAt: null,
    acknowledgedBy: null,
    resolvedAt: null,
    resolvedBy: null,
    resolution: null,
    event: event.id,
  };
  await store.insertIncident(tx.db, incident);
  for (const one of firing) await store.updateAlert(tx.db, { ...one, incident: id });
}

/** The newest event that told of one of the alerts: the incident's cause. */
async function lastTold(tx: Scope, firing: readonly Alert[]): Promise<string | null> {
  let newest: { seq: number; id: string } | null = null;
  for (const { id } of firing) {
    const [event] = await listEvents(tx, { subject: `alert:${id}`, limit: 1 });
    if (event && event.seq > (newest?.seq ?? 0)) newest = event;
  }
  return newest?.id ?? null;
}

/** Closes the incident when the newest windows of the champion, the old or a new one, are fine. */
async function settleIncident(tx: Scope, window: WindowRecord, situation: Situation): Promise<void> {
  const { settings, series } = situation;
  const [incident] = await store.listIncidents(tx.db, {
    deployment: window.deployment,
    state: 'active',
    rules: alertRules,
    limit: 1,
  });
  if (!incident || window.start <= incident.window) return;
  const newest = series.filter(({ start }) => start > incident.window).slice(-settings.persistence.windows);
  if (newest.length < settings.persistence.windows) return;
  if (!newest.every((one) => isFine(one, settings))) return;
  const isNew = window.revision !== incident.revision;
  const resolution = isNew
    ? `Version ${situation.version} of ${situation.model} took over and its outcomes are fine in ${newest.length} windows.`
    : `Back within limits for ${newest.length} windows.`;
  const cause = isNew ? await promotionOf(tx, window) : null;
  await resolve(withCause(tx, cause ?? incident.event), incident, {
    by: tx.actor,
    resolution,
    window: window.start,
    uses: subjects(window, situation),
  });
}

async function promotionOf(tx: Scope, window: WindowRecord): Promise<string | null> {
  const events = await listEvents(tx, {
    types: ['serving.rollout.promoted'],
    text: window.revision,
    limit: 1,
  });
  return events[0]?.id ?? null;
}

/** Ends an incident and its alerts, with their record. */
export async function resolve(
  tx: Scope,
  incident: Incident,
  end: { by: string; resolution: string; window: number | null; uses?: string[] },
): Promise<Incident> {
  const now = tx.now();
  const resolved: Incident = {
    ...incident,
    state: 'resolved',
    resolvedAt: now,
    resolvedBy: end.by,
    resolution: end.resolution,
    resolvedWindow: end.window,
  };
  await store.updateIncident(tx.db, resolved);
  await record(tx, {
    type: 'monitoring.incident.resolved',
    subject: `incident:${incident.id}`,
    data: { incident: incident.id, deployment: incident.deployment, resolution: end.resolution },
    uses: end.uses ?? [`deployment:${incident.deployment}`],
  });
  return resolved;
}

/** A new champion has limits of its own: what its predecessor's windows raised ends here. */
export async function resetAlerts(tx: Scope, deployment: string): Promise<void> {
  for (const alert of await store.listAlerts(tx.db, { deployment, states: ['pending', 'firing'] })) {
    if (alert.state === 'pending') await store.removeAlert(tx.db, alert.id);
    else await store.updateAlert(tx.db, { ...alert, state: 'resolved', resolvedAt: tx.now() });
  }
}
