import type { LedgerEvent } from '../../api/types.ts';
import { toMs } from '../../ui/format.ts';

export type VersionStory = {
  subject: string;
  registeredAt: string;
  gate: string | null;
  rollout: string | null;
  rolloutId: string | null;
  decidedAt: string | null;
  leadMs: number | null;
};
export type Delivery = {
  gated: number;
  refused: number;
  promoted: number;
  rolledBack: number;
  versions: VersionStory[];
};
type Events = {
  versions: LedgerEvent[];
  gates: LedgerEvent[];
  rollouts: LedgerEvent[];
};

const verb = (event: LedgerEvent) => event.type.split('.').at(-1) ?? '';
const gap = (from: LedgerEvent, to: LedgerEvent) => (toMs(to.time) ?? 0) - (toMs(from.time) ?? 0);

/** What the ledger says about speed and safety of delivery. Events come newest first. */
export function delivery({ versions, gates, rollouts }: Events): Delivery {
  const ended = rollouts.filter((event) => ['promoted', 'rolled-back'].includes(verb(event)));
  const stories = versions.map((event) => story(event, gates, rollouts));
  return {
    gated: gates.length,
    refused: gates.filter((event) => verb(event) === 'refused').length,
    promoted: ended.filter((event) => verb(event) === 'promoted').length,
    rolledBack: ended.filter((event) => verb(event) === 'rolled-back').length,
    versions: stories,
  };
}

function names(event: LedgerEvent, subject: string): boolean {
  if (event.subject === subject || event.uses.includes(subject)) return true;
  const { model, version } = event.data;
  return `model:${String(model)}/${String(version)}` === subject;
}

function story(event: LedgerEvent, gates: LedgerEvent[], rollouts: LedgerEvent[]): VersionStory {
  const gate = gates.find((item) => names(item, event.subject));
  const about = rollouts.filter((item) => names(item, event.subject) && item.seq > event.seq);
  const subjects = new Set(about.map((item) => item.subject));
  const last = rollouts.find((item) => subjects.has(item.subject)) ?? null;
  const promoted = rollouts.find((item) => subjects.has(item.subject) && verb(item) === 'promoted') ?? null;
  return {
    subject: event.subject,
    registeredAt: event.time,
    gate: gate ? verb(gate) : null,
    rollout: last ? verb(last) : null,
    rolloutId: last?.subject ?? null,
    decidedAt: promoted?.time ?? null,
    leadMs: promoted ? gap(event, promoted) : null,
  };
}
