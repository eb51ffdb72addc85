import type { LedgerEvent } from '../../platform/ledger/index.ts';
import { grouped, sentenceOf } from './sentences.model.ts';

/** What happened, with how often it did in a row and since when. */
export type Happening = { event: LedgerEvent; sentence: string; count: number; since: number };

/** Kinds that come by the dozen and say little one by one: whose they are, and the sentence for many. */
const routine: Record<string, (event: LedgerEvent, count: number) => string> = {
  'data.version.created': ({ data }, count) =>
    `Dataset ${data.dataset} has ${count} new versions, up to ${data.version} with ${grouped(data.rows)} rows.`,
  'monitoring.drift.detected': (event, count) =>
    sentenceOf(event).replace(/^(Drift at [^:]*):/, `$1 ${count} times; the last:`),
  'pipelines.run.succeeded': ({ data, subject }, count) =>
    `Pipeline ${data.pipeline ?? subject} succeeded ${count} times.`,
};

/**
 * Events (newest first) as what happened: runs of a routine kind about one object become one line, that of the newest.
 * Routine events of other objects do not end a run; anything else does, so that the order of what matters holds.
 */
export function happenings(events: readonly LedgerEvent[], most: number): Happening[] {
  const told: Happening[] = [];
  const running = new Map<string, Happening>();
  for (const event of events) {
    const many = routine[event.type];
    if (!many) {
      running.clear();
      if (told.length === most) break;
      told.push({ event, sentence: sentenceOf(event), count: 1, since: event.time });
      continue;
    }
    const key = `${event.type} ${event.data.dataset ?? event.data.deployment ?? event.data.pipeline}`;
    const first = running.get(key);
    if (first) {
      first.count += 1;
      first.since = event.time;
      first.sentence = many(first.event, first.count);
    } else if (told.length < most) {
      const happening = { event, sentence: sentenceOf(event), count: 1, since: event.time };
      running.set(key, happening);
      told.push(happening);
    }
  }
  return told;
}
