import { type LedgerEvent, listEvents } from '../../../platform/ledger/index.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { Incident } from '../monitoring.model.ts';
import { listNotes } from './incidents.store.ts';

export type TimelineEntry = {
  time: number;
  type: string;
  text: string;
  actor: string | null;
  subject: string | null;
  event: string | null;
};

const told = [
  'monitoring.*',
  'serving.revision.*',
  'serving.upstream.*',
  'serving.errors.*',
  'serving.outputs.*',
  'serving.log.*',
  'pipelines.run.*',
  'registry.version.registered',
  'registry.gate.*',
  'governance.approval.*',
  'serving.rollout.*',
];

/** What happened around an incident: its alerts, remarks, and every event of the deployment's loop while it was open. */
export async function timeline(scope: Scope, incident: Incident): Promise<TimelineEntry[]> {
  const opening = await listEvents(scope, {
    subject: `incident:${incident.id}`,
    order: 'oldest',
    limit: 100,
  });
  const from = opening[0]?.seq ?? 0;
  const closed = opening.find(({ type }) => type === 'monitoring.incident.resolved')?.seq;
  const around = await listEvents(scope, {
    types: told,
    after: Math.max(0, from - 10),
    ...(closed !== undefined && { before: closed + 1 }),
    order: 'oldest',
    limit: 300,
  });
  const related = relatedTo(incident, around);
  const notes = await listNotes(scope.db, incident.id);
  const entries = [
    ...related.map(
      (event): TimelineEntry => ({
        time: event.time,
        type: event.type,
        text: titleOf(event),
        actor: event.actor,
        subject: event.subject,
        event: event.id,
      }),
    ),
    ...notes.map(
      (note): TimelineEntry => ({
        time: note.time,
        type: 'note',
        text: note.text,
        actor: note.actor,
        subject: null,
        event: null,
      }),
    ),
  ];
  return entries.sort((a, b) => a.time - b.time);
}

/** Events of the incident, of its deployment, and what they caused. */
function relatedTo(incident: Incident, events: readonly LedgerEvent[]): LedgerEvent[] {
  const names = new Set([`incident:${incident.id}`]);
  if (incident.deployment !== '') names.add(`deployment:${incident.deployment}`);
  const opening = events.find(({ subject }) => subject === `incident:${incident.id}`);
  const kept = new Set<string>();
  return events.filter((event) => {
    const isNamed =
      names.has(event.subject) ||
      event.uses.some((subject) => names.has(subject)) ||
      (incident.deployment !== '' && event.data.deployment === incident.deployment) ||
      event.data.incident === incident.id ||
      event.id === opening?.cause;
    const isEffect = event.cause !== null && kept.has(event.cause);
    if (!isNamed && !isEffect) return false;
    kept.add(event.id);
    if (event.type.startsWith('pipelines.run.')) names.add(event.subject);
    return true;
  });
}

function titleOf({ type, data }: LedgerEvent): string {
  const [, noun, verb] = type.split('.');
  const said = data.reason ?? data.detail;
  const reason = typeof said === 'string' ? said : '';
  const version = typeof data.version === 'number' ? ` of version ${data.version}` : '';
  const head = `${noun.charAt(0).toUpperCase()}${noun.slice(1)}${noun === 'rollout' ? version : ''} ${verb.replaceAll('-', ' ')}`;
  return reason ? `${head}: ${reason}` : head;
}
