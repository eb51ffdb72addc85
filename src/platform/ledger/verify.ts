import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Scope } from '../scope.ts';
import type { Checkpoint, CheckpointBook } from './checkpoints.ts';
import { genesisHash, hashRow } from './ledger.model.ts';
import type { LedgerEventRow } from './ledger.tables.ts';

export type Verification = {
  ok: boolean;
  /** Events found in the database. */
  events: number;
  head: string;
  checkpoints: number;
  /** Events after the newest checkpoint are covered by the chain alone. */
  checkpointedUpTo: number;
  firstBad: { seq: number; id: string | null; reason: string } | null;
};

/**
 * Walks the whole chain: numbers without gaps, each `prev` the hash before, each hash that of its content,
 * and every checkpoint genuine and equal to the chain. Names the first bad event.
 */
export async function verifyLedger(scope: Scope, book: CheckpointBook): Promise<Verification> {
  const checkpoints = book.list();
  const forged = checkpoints.find((checkpoint) => !book.isGenuine(checkpoint));
  const walk = await walkChain(scope, new Map(checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint])));
  let firstBad = walk.firstBad;
  const newest = checkpoints.at(-1);
  if (!firstBad && newest && newest.seq > walk.events) {
    const reason = `The ledger ends here, yet a checkpoint of ${new Date(newest.time).toISOString()} saw event ${newest.seq}.`;
    firstBad = { seq: walk.events + 1, id: null, reason };
  }
  if (!firstBad && forged) {
    firstBad = {
      seq: forged.seq,
      id: null,
      reason: 'The signature of the checkpoint at this event is not genuine.',
    };
  }
  return {
    ok: firstBad === null,
    events: walk.events,
    head: walk.head,
    checkpoints: checkpoints.length,
    checkpointedUpTo: newest?.seq ?? 0,
    firstBad,
  };
}

async function walkChain(scope: Scope, checkpoints: ReadonlyMap<number, Checkpoint>) {
  let prev = genesisHash;
  let events = 0;
  let trusted = 0;
  for (;;) {
    const rows = await scope.db
      .selectFrom('ledger_events')
      .selectAll()
      .where('seq', '>', events)
      .orderBy('seq')
      .limit(2000)
      .execute();
    for (const row of rows) {
      const reason = faultOf(row, events + 1, prev);
      const bad = (text: string, seq = events + 1, id: string | null = row.id) => ({
        events,
        head: prev,
        firstBad: { seq, id, reason: text },
      });
      if (reason) return bad(reason, events + 1, row.seq === events + 1 ? row.id : null);
      const checkpoint = checkpoints.get(row.seq);
      if (checkpoint && checkpoint.hash !== row.hash) {
        const range = `Events ${trusted + 1} to ${row.seq} were rewritten with new hashes`;
        return bad(`${range}: the checkpoint at ${row.seq} has another hash.`, trusted + 1, null);
      }
      if (checkpoint) trusted = row.seq;
      prev = row.hash;
      events = row.seq;
    }
    if (rows.length < 2000) return { events, head: prev, firstBad: null };
    await nextTurn();
  }
}

function faultOf(row: LedgerEventRow, seq: number, prev: string): string | null {
  if (row.seq !== seq) return `Event ${seq} is missing; the next one is ${row.seq}.`;
  if (row.prev !== prev)
    return 'It does not follow the event before it: inserted, moved, or its neighbour changed.';
  return hashRow(row) === row.hash ? null : 'Its content does not match its hash: it was edited.';
}
