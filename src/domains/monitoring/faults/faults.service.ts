import { newId } from '../../../platform/ids.ts';
import type { Json } from '../../../platform/json.ts';
import { type LedgerEvent, record } from '../../../platform/ledger/index.ts';
import { type Scope, transact, withCause } from '../../../platform/scope.ts';
import { resolve } from '../incidents/incidents.service.ts';
import { insertIncident, listIncidents, updateIncident } from '../incidents/incidents.store.ts';
import type { FaultEvidence, FaultRule, Incident } from '../monitoring.model.ts';
import { faultMove } from './fault-rules.ts';

/** Times of a fault that an incident keeps. */
const mostSeen = 20;
/** Faults that end with the process that saw them: they come back where they are still there. */
const transientRules: readonly FaultRule[] = [
  'model-crash',
  'model-hang',
  'model-memory',
  'upstream',
  'invalid-outputs',
  'error-rate',
  'prediction-log',
  'database',
];

export type Seen = {
  rule: FaultRule;
  severity: Incident['severity'];
  /** Empty for the server itself. */
  deployment: string;
  revision: string;
  model: string;
  version: number;
  text: string;
  /** When it happened, in milliseconds. */
  time: number;
  quarantined: boolean;
  answeredBy: string | null;
};

/** Opens, continues or heals incidents as an event of serving says. Idempotent by the event. */
export async function onFaultEvent(scope: Scope, event: LedgerEvent): Promise<void> {
  const move = faultMove(event);
  if (!move) return;
  const { data } = event;
  const deployment = typeof data.deployment === 'string' ? data.deployment : '';
  const revision = typeof data.revision === 'string' ? data.revision : '';
  await transact(scope, async (tx) => {
    if (move.to === 'heal')
      return heal(tx, { ...move, deployment, revision: revisionHealed(event, revision) });
    const time = typeof data.at === 'string' ? Date.parse(data.at) : event.time;
    await see(tx, {
      rule: move.rule,
      severity: move.severity,
      deployment,
      revision,
      model: typeof data.model === 'string' ? data.model : '',
      version: typeof data.version === 'number' ? data.version : 0,
      text: move.text,
      time,
      quarantined: move.quarantined ?? false,
      answeredBy: typeof data.answeredBy === 'string' ? data.answeredBy : null,
    });
  });
}

/** A promotion and a removal heal whatever revision was to blame; the rest heals its own. */
function revisionHealed({ type }: LedgerEvent, revision: string): string | null {
  return type.startsWith('serving.revision.') ||
    type.startsWith('serving.errors.') ||
    type.startsWith('serving.outputs.')
    ? revision
    : null;
}

/** Opens the incident of a fault, or adds to the one that is open. */
export async function see(tx: Scope, seen: Seen): Promise<Incident> {
  const { deployment, rule, revision } = seen;
  const open = await listIncidents(tx.db, { deployment, state: 'active', rules: [rule] });
  const mine = open.find((one) => one.revision === revision);
  if (mine) return goOn(tx, mine, seen);
  const now = tx.now();
  const id = newId('incident', now);
  const fault: FaultEvidence = {
    count: 1,
    seen: [{ time: seen.time, text: seen.text }],
    quarantined: seen.quarantined ? revision : null,
    answeredBy: seen.answeredBy,
  };
  const subjects = subjectsOf(seen);
  const event = await record(tx, {
    type: 'monitoring.incident.opened',
    subject: `incident:${id}`,
    data: {
      incident: id,
      ...(deployment !== '' && { deployment }),
      severity: seen.severity,
      rule,
      reason: seen.text,
      fault: fault as unknown as Json,
    },
    uses: subjects,
  });
  const incident: Incident = {
    id,
    deployment,
    state: 'open',
    severity: seen.severity,
    rule,
    reason: seen.text,
    revision,
    model: seen.model,
    version: seen.version,
    window: seen.time,
    resolvedWindow: null,
    evidence: {
      window: { start: seen.time, end: seen.time, rows: 0, labelled: 0 },
      features: [],
      performance: [],
      driftScore: null,
      fault,
    },
    openedAt: seen.time,
    acknowledgedAt: null,
    acknowledgedBy: null,
    resolvedAt: null,
    resolvedBy: null,
    resolution: null,
    event: event.id,
  };
  await insertIncident(tx.db, incident);
  return incident;
}

async function goOn(tx: Scope, incident: Incident, seen: Seen): Promise<Incident> {
  const before = incident.evidence.fault;
  const isKnown = before?.seen.some(({ time, text }) => time === seen.time && text === seen.text);
  if (!before || isKnown) return incident;
  const fault: FaultEvidence = {
    count: before.count + 1,
    seen: [...before.seen, { time: seen.time, text: seen.text }].slice(-mostSeen),
    quarantined: seen.quarantined ? seen.revision : before.quarantined,
    answeredBy: seen.answeredBy ?? before.answeredBy,
  };
  const next: Incident = {
    ...incident,
    // A page does not become a ticket again.
    severity: incident.severity === 'page' ? 'page' : seen.severity,
    reason: before.quarantined && !seen.quarantined ? incident.reason : seen.text,
    evidence: { ...incident.evidence, fault },
  };
  await updateIncident(tx.db, next);
  return next;
}

/** Ends incidents of some rules; one with a revision in quarantine only when that is released or replaced. */
export async function heal(
  tx: Scope,
  end: {
    rules: readonly FaultRule[];
    resolution: string;
    released: boolean;
    deployment: string;
    /** Only those of this revision; null: of any. */
    revision: string | null;
  },
): Promise<number> {
  const open = await listIncidents(tx.db, {
    deployment: end.deployment,
    state: 'active',
    rules: end.rules,
  });
  let healed = 0;
  for (const incident of open) {
    if (end.revision !== null && incident.revision !== end.revision) continue;
    if (incident.evidence.fault?.quarantined && !end.released) continue;
    // What took over is not what was taken off.
    await resolve(tx.cause === null ? withCause(tx, incident.event) : tx, incident, {
      by: tx.actor,
      resolution: end.resolution,
      window: tx.now(),
      uses: subjectsOf(incident),
    });
    healed++;
  }
  return healed;
}

/** After a restart: what the process before saw of itself is over; quarantines are not. */
export async function healAfterRestart(scope: Scope): Promise<void> {
  await transact(scope, async (tx) => {
    const open = await listIncidents(tx.db, { state: 'active', rules: transientRules, limit: 1000 });
    for (const incident of open) {
      if (incident.evidence.fault?.quarantined) continue;
      await resolve(withCause(tx, incident.event), incident, {
        by: tx.actor,
        resolution: 'The server was started again; what is still wrong opens a new incident.',
        window: tx.now(),
        uses: subjectsOf(incident),
      });
    }
  });
}

function subjectsOf({
  deployment,
  revision,
  model,
  version,
}: Pick<Seen, 'deployment' | 'revision' | 'model' | 'version'>): string[] {
  return [
    ...(deployment === '' ? [] : [`deployment:${deployment}`]),
    ...(revision === '' ? [] : [`revision:${revision}`]),
    ...(model === '' ? [] : [`model:${model}/${version}`]),
  ];
}
