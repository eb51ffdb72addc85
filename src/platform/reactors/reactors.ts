import { setTimeout as wait } from 'node:timers/promises';
import { isDisconnected } from '../db/disconnected.ts';
import { platformError } from '../errors.ts';
import { type LedgerEvent, ledgerHead, listEvents } from '../ledger/index.ts';
import { getEvent } from '../ledger/ledger.ts';
import { errorText } from '../log.ts';
import type { Platform } from '../platform.ts';
import { type Scope, withCause } from '../scope.ts';

/**
 * Follows the ledger from a durable cursor, in order, at least once per event: `handle` must be idempotent
 * by the event's id. `scope.cause` is the event, so what the reactor does is recorded as its effect.
 */
export type Reactor = {
  name: string;
  /** Exact types, or prefixes that end in `.*`. */
  types: readonly string[];
  /** Where it begins in a ledger that was there before it: at its first event, or after its last. Default: first. */
  begins?: 'first' | 'last';
  handle(scope: Scope, event: LedgerEvent): Promise<void>;
};

export type DeadLetter = {
  reactor: string;
  eventId: string;
  seq: number;
  attempts: number;
  error: string;
  time: number;
};

export type Reactors = {
  start(): Promise<void>;
  /** Waits until every reactor has handled all events committed so far. For tests and for a clean stop. */
  settled(): Promise<void>;
  deadLetters(): Promise<DeadLetter[]>;
  /** Hands a dead letter to its reactor once more; it leaves the list when that succeeds. */
  replay(reactor: string, eventId: string): Promise<void>;
  stop(): Promise<void>;
};

const leaseMs = 15_000;
const pollMs = 2000;
const attemptsPerEvent = 5;
const batch = 200;
const skipsBeforeSave = 500;

export function createReactors(platform: Platform, reactors: readonly Reactor[]): Reactors {
  const runners = reactors.map((reactor) => createRunner(platform, reactor));
  let unlisten: (() => void) | undefined;
  return {
    async start() {
      await Promise.all(runners.map((runner) => runner.start()));
      unlisten = platform.ledger.listen(() => {
        for (const runner of runners) runner.wake();
      });
    },
    async settled() {
      await Promise.all(runners.map((runner) => runner.settled()));
    },
    async deadLetters() {
      const rows = await platform.db.selectFrom('reactor_dead_letters').selectAll().orderBy('seq').execute();
      return rows.map(({ event_id, ...row }) => ({ ...row, eventId: event_id }));
    },
    async replay(name, eventId) {
      const reactor = reactors.find((candidate) => candidate.name === name);
      if (!reactor) throw platformError('platform.reactor.not_found', 'There is no reactor of this name.');
      const scope = platform.systemScope(`reactor:${name}`);
      await reactor.handle(withCause(scope, eventId), await getEvent(scope, eventId));
      await platform.db
        .deleteFrom('reactor_dead_letters')
        .where('reactor', '=', name)
        .where('event_id', '=', eventId)
        .execute();
    },
    async stop() {
      unlisten?.();
      await Promise.all(runners.map((runner) => runner.stop()));
    },
  };
}

function createRunner(platform: Platform, reactor: Reactor) {
  const scope = platform.systemScope(`reactor:${reactor.name}`);
  const log = platform.log.child({ reactor: reactor.name });
  const owner = platform.instance;
  const idle = new Set<() => void>();
  let cursor = 0;
  let written = 0;
  let stopping = false;
  let dirty = true;
  let signal = () => {};
  let loop: Promise<void> = Promise.resolve();

  /** One replica at a time runs a reactor; the lease passes on when its holder dies. */
  const claim = async (): Promise<boolean> => {
    const now = Date.now();
    const seq = reactor.begins === 'last' ? (await ledgerHead(scope)).seq : 0;
    await platform.db
      .insertInto('reactor_cursors')
      .values({ name: reactor.name, seq, owner: null, lease_until: 0 })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    let claim = platform.db
      .updateTable('reactor_cursors')
      .set({ owner, lease_until: now + leaseMs })
      .where('name', '=', reactor.name);
    // A SQLite database has one process: whoever held the lease is gone.
    if (platform.dialect !== 'sqlite') {
      claim = claim.where((where) =>
        where.or([where('owner', 'is', null), where('owner', '=', owner), where('lease_until', '<', now)]),
      );
    }
    const claimed = await claim.returning('seq').executeTakeFirst();
    if (!claimed) return false;
    cursor = Math.max(cursor, claimed.seq);
    return true;
  };

  const save = async () => {
    if (cursor === written) return;
    await platform.db
      .updateTable('reactor_cursors')
      .set({ seq: cursor })
      .where('name', '=', reactor.name)
      .where('owner', '=', owner)
      .execute();
    written = cursor;
  };

  const handle = async (event: LedgerEvent) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await reactor.handle({ ...withCause(scope, event.id), log }, event);
      } catch (error) {
        // While the database is away nothing is wrong with the event: the loop comes back to it.
        if (stopping || isDisconnected(error)) throw error;
        log.warn('a reactor failed', { event: event.id, type: event.type, attempt, error: errorText(error) });
        if (attempt === attemptsPerEvent) return await bury(event, error);
        await wait(Math.min(200 * 4 ** (attempt - 1), 15_000));
      }
    }
  };

  const bury = async (event: LedgerEvent, error: unknown) => {
    log.error('an event became a dead letter', { event: event.id, type: event.type });
    const text = error instanceof Error ? error.message : String(error);
    await platform.db
      .insertInto('reactor_dead_letters')
      .values({
        reactor: reactor.name,
        event_id: event.id,
        seq: event.seq,
        attempts: attemptsPerEvent,
        error: text,
        time: Date.now(),
      })
      .onConflict((conflict) => conflict.columns(['reactor', 'event_id']).doNothing())
      .execute();
  };

  const drain = async () => {
    // Events become visible in the order of their numbers, so nothing below the head can still turn up.
    const head = await ledgerHead(scope);
    if (head.seq <= cursor) return;
    for (;;) {
      const events = await listEvents(scope, {
        types: reactor.types,
        after: cursor,
        limit: batch,
        order: 'oldest',
      });
      for (const event of events) {
        if (stopping) return;
        await handle(event);
        cursor = event.seq;
        await save();
      }
      if (events.length < batch) break;
    }
    // What lies between concerns others: skipping it for good keeps a long ledger from being read again.
    cursor = Math.max(cursor, head.seq);
    if (cursor - written >= skipsBeforeSave) await save();
  };

  const run = async () => {
    let leased = 0;
    let isAway = false;
    while (!stopping) {
      dirty = false;
      try {
        if (Date.now() - leased > leaseMs / 3) {
          if (!(await claim())) {
            await wait(pollMs);
            dirty = true;
            continue;
          }
          leased = Date.now();
        }
        await drain();
        isAway = false;
      } catch (error) {
        // Once per outage is enough.
        if (!stopping && !(isAway && isDisconnected(error)))
          log.error('a reactor loop failed', { error: errorText(error) });
        isAway = isDisconnected(error);
        leased = 0;
        dirty = true;
        await wait(stopping ? 0 : 500);
      }
      if (dirty || stopping) continue;
      for (const resolve of idle) resolve();
      idle.clear();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs);
        timer.unref();
        signal = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    await save().catch(() => {});
    await platform.db
      .updateTable('reactor_cursors')
      .set({ owner: null, lease_until: 0 })
      .where('name', '=', reactor.name)
      .where('owner', '=', owner)
      .execute()
      .catch(() => {});
  };

  const wake = () => {
    dirty = true;
    signal();
  };
  return {
    wake,
    async start() {
      loop = run();
    },
    settled() {
      return new Promise<void>((resolve) => {
        idle.add(resolve);
        wake();
      });
    },
    async stop() {
      stopping = true;
      signal();
      await loop;
      for (const resolve of idle) resolve();
    },
  };
}
