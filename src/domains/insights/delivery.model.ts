import type { LedgerEvent } from '../../platform/ledger/index.ts';

/** A median and how many it was taken of. */
export type Median = { seconds: number | null; n: number };

export type Delivery = {
  /** From the newest data that a model was made from to the moment it answered in production. */
  leadTime: Median;
  /** From the incident that started a retraining to its promotion. */
  retrainToProduction: Median;
  /** From the opening of an incident to its end. */
  timeToRestore: Median;
  /** Share of decided rollouts that were rolled back. */
  changeFailureRate: { value: number | null; failed: number; n: number };
};

/** Median of durations in milliseconds, in seconds. */
export function median(durations: readonly number[]): Median {
  if (durations.length === 0) return { seconds: null, n: 0 };
  const sorted = [...durations].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const value = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { seconds: Math.round(value) / 1000, n: sorted.length };
}

/**
 * Speed and safety of delivery from the events of the loop (any order): data.version.created, pipelines.run.started,
 * registry.version.registered, serving.rollout.promoted and rolled-back, monitoring.incident.opened and resolved.
 */
export function delivery(events: readonly LedgerEvent[]): Delivery {
  const byId = new Map(events.map((event) => [event.id, event]));
  const first = new Map<string, LedgerEvent>();
  for (const event of [...events].sort((a, b) => a.seq - b.seq)) {
    const key = `${event.type} ${event.subject}`;
    if (!first.has(key)) first.set(key, event);
  }
  const of = (type: string) => events.filter((event) => event.type === type);
  const promoted = firstPerVersion(of('serving.rollout.promoted'));
  const leads: number[] = [];
  const retrainings: number[] = [];
  for (const event of promoted) {
    const made = first.get(`registry.version.registered model:${event.data.model}/${event.data.version}`);
    if (!made) continue;
    const data = made.uses
      .map((subject) => first.get(`data.version.created ${subject}`)?.time)
      .filter((time) => time !== undefined);
    if (data.length > 0) leads.push(event.time - Math.max(...data));
    const run = made.uses.map((subject) => first.get(`pipelines.run.started ${subject}`)).find(Boolean);
    const incident = run?.cause ? byId.get(run.cause) : undefined;
    if (incident?.type === 'monitoring.incident.opened') retrainings.push(event.time - incident.time);
  }
  const restored = of('monitoring.incident.resolved').flatMap((end) => {
    const start = first.get(`monitoring.incident.opened ${end.subject}`);
    return start ? [end.time - start.time] : [];
  });
  const failed = of('serving.rollout.rolled-back').length;
  const n = of('serving.rollout.promoted').length + failed;
  return {
    leadTime: median(leads),
    retrainToProduction: median(retrainings),
    timeToRestore: median(restored),
    changeFailureRate: { value: n > 0 ? failed / n : null, failed, n },
  };
}

function firstPerVersion(events: readonly LedgerEvent[]): LedgerEvent[] {
  const firsts = new Map<string, LedgerEvent>();
  for (const event of events) {
    const key = `${event.data.deployment} ${event.data.model}/${event.data.version}`;
    const known = firsts.get(key);
    if (!known || event.seq < known.seq) firsts.set(key, event);
  }
  return [...firsts.values()];
}
