import { EventEmitter } from 'node:events';
import type { CheckpointBook } from './checkpoints.ts';
import type { LedgerEvent } from './ledger.model.ts';

export { type Checkpoint, type CheckpointBook, openCheckpoints } from './checkpoints.ts';
export type { LedgerEvent, NewLedgerEvent } from './ledger.model.ts';
export { ledgerMigrations } from './ledger.tables.ts';
export { type EventFilter, getEvent, ledgerHead, listEvents, record } from './ledger.ts';
export { wireEvent, wireWhy } from './ledger.wire.ts';
export { type Verification, verifyLedger } from './verify.ts';
export { usedBy, type WhyGraph, why } from './why.ts';

/** The in-process side of the ledger: who listens, and the signed checkpoints outside the database. */
export type Ledger = {
  /** Called after the commit of each event of this process. */
  announce(event: LedgerEvent): void;
  /** Listens to the events that this process commits; returns how to stop. */
  listen(listener: (event: LedgerEvent) => void): () => void;
  /** Writes a checkpoint of the newest announced event when it is newer than the last checkpoint. */
  checkpoint(): void;
  readonly book: CheckpointBook;
  close(): void;
};

const checkpointEveryMs = 1000;

/** Events are checkpointed within a second of their commit, and when the process closes in peace. */
export function createLedger(book: CheckpointBook, now: () => number): Ledger {
  const emitter = new EventEmitter().setMaxListeners(0);
  let newest: LedgerEvent | undefined;
  let timer: NodeJS.Timeout | undefined;
  const checkpoint = () => {
    clearTimeout(timer);
    timer = undefined;
    if (newest && newest.seq > (book.last()?.seq ?? 0)) book.write(newest, now());
  };
  return {
    book,
    announce(event) {
      if (!newest || event.seq > newest.seq) newest = event;
      timer ??= setTimeout(checkpoint, checkpointEveryMs);
      timer.unref();
      emitter.emit('event', event);
    },
    listen(listener) {
      emitter.on('event', listener);
      return () => emitter.off('event', listener);
    },
    checkpoint,
    close: checkpoint,
  };
}
