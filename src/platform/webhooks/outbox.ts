import { randomUUID } from 'node:crypto';
import { HoustonError } from '../errors.ts';
import { newId } from '../ids.ts';
import { type JobContext, type JobKind, JobReleased } from '../jobs/jobs.ts';
import { type Scope, transact } from '../scope.ts';
import { type Outcome, type SendOptions, send } from './send.ts';
import { webhookError } from './webhooks.errors.ts';
import type { DeliveryRow, DeliveryState } from './webhooks.tables.ts';

/** Where a target's messages go. */
export type Destination = { url: string; secret: string | null };

export type Delivery = {
  id: string;
  event: string;
  eventId: string | null;
  state: DeliveryState;
  attempts: number;
  status: number | null;
  error: string | null;
  nextAttemptAt: number | null;
  createdAt: number;
  endedAt: number | null;
};

export type OutboxOptions = {
  /** Names the outbox and its jobs: the domain that sends. */
  name: string;
  headerPrefix: string;
  /** Null when the target is gone. */
  find(scope: Scope, target: string): Promise<Destination | null>;
  /** Milliseconds to wait after an attempt (default: 2 s doubling up to 15 min). */
  backoff?: (attempt: number) => number;
  lookup?: SendOptions['lookup'];
};

export type Outbox = ReturnType<typeof createOutbox>;

const mostAttempts = 12;
const keptMs = 30 * 24 * 3_600_000;
const longestWaitMs = 3_600_000;
const defaultBackoff = (attempt: number) => Math.min(1000 * 2 ** attempt, 900_000);

/**
 * Messages to webhooks, kept in the database until they are delivered. Per target they go one at a time in the order
 * of their events: one that must be tried again holds those behind it, until it has failed for good after 12 attempts.
 * At least once: a crash between the reply and its record sends the same message again, with the same id.
 */
export function createOutbox({ name, headerPrefix, find, backoff = defaultBackoff, lookup }: OutboxOptions) {
  const kind = `${name}/webhook`;
  const wake = (tx: Scope, target: string, notBefore = 0) =>
    tx.platform.jobs.enqueue(tx, { kind, payload: { target }, key: `${kind}:${target}`, notBefore });

  async function attempt(scope: Scope, row: DeliveryRow, signal?: AbortSignal): Promise<Outcome> {
    const destination = await find(scope, row.target).catch(unreadable);
    if (!destination) return { status: null, error: 'The webhook is gone.', retry: false, waitMs: null };
    if ('error' in destination) return destination;
    return send(row, {
      ...destination,
      headerPrefix,
      hosts: scope.platform.config.webhookHosts,
      ...(signal && { signal }),
      ...(lookup && { lookup }),
    });
  }

  async function settle(tx: Scope, row: DeliveryRow, outcome: Outcome): Promise<number | null> {
    const attempts = row.attempts + 1;
    const retry = outcome.retry && attempts < mostAttempts;
    const wait = Math.max(Math.min(outcome.waitMs ?? 0, longestWaitMs), backoff(attempts));
    const now = tx.now();
    await tx.db
      .updateTable('webhook_deliveries')
      .set({
        attempts,
        status: outcome.status,
        error: outcome.error,
        state: outcome.error === null ? 'delivered' : retry ? 'queued' : 'failed',
        not_before: retry ? now + wait : 0,
        ended_at: retry ? null : now,
      })
      .where('id', '=', row.id)
      .execute();
    return retry ? wait : null;
  }

  async function drain(scope: Scope, target: string, job: JobContext): Promise<void> {
    for (;;) {
      const row = await queued(scope, name, target);
      if (!row) break;
      const early = row.not_before - scope.now();
      if (early > 0) throw new JobReleased('It is not time yet.', early);
      const outcome = await attempt(scope, row, job.signal);
      if (job.signal.aborted) throw new JobReleased('The server stops.');
      const wait = await transact(scope, async (tx) => {
        await job.guard(tx);
        return settle(tx, row, outcome);
      });
      if (wait !== null) throw new JobReleased('Another attempt follows.', wait);
    }
    await scope.db
      .deleteFrom('webhook_deliveries')
      .where('outbox', '=', name)
      .where('target', '=', target)
      .where('ended_at', '<', scope.now() - keptMs)
      .execute();
  }

  const job: JobKind<{ target: string }> = {
    kind,
    pool: 'webhooks',
    slots: 8,
    atStop: 'release',
    attempts: 1_000_000,
    takeovers: 1_000_000,
    run: (scope, { target }, context) => drain(scope, target, context),
  };

  return {
    job: job as unknown as JobKind,
    /** Keeps a message in the caller's transaction and sends it after the commit; once per target and event. */
    async add(
      tx: Scope,
      { target, event, eventId, body }: { target: string; event: string; eventId: string; body: string },
    ): Promise<void> {
      await tx.db
        .insertInto('webhook_deliveries')
        .values({ ...fresh(tx, name, target, event, body), event_id: eventId })
        .onConflict((conflict) => conflict.columns(['outbox', 'target', 'event_id']).doNothing())
        .execute();
      await wake(tx, target);
    },
    /** Sends one message at once, past the queue and without repetition, and keeps it with its outcome. */
    async sendNow(scope: Scope, target: string, event: string, body: string): Promise<Outcome> {
      const row = fresh(scope, name, target, event, body);
      const outcome = { ...(await attempt(scope, row)), retry: false };
      await scope.db.insertInto('webhook_deliveries').values(row).execute();
      await settle(scope, row, outcome);
      return outcome;
    },
    /** The newest deliveries of a target. */
    async list(scope: Scope, target: string, limit: number): Promise<Delivery[]> {
      const rows = await scope.db
        .selectFrom('webhook_deliveries')
        .selectAll()
        .where('outbox', '=', name)
        .where('target', '=', target)
        .orderBy('position', 'desc')
        .limit(limit)
        .execute();
      return rows.map(toDelivery);
    },
    /** Queues a delivery that has ended once more, with all its attempts and the same id. @throws webhooks.delivery.not_found */
    async replay(scope: Scope, target: string, id: string): Promise<Delivery> {
      return transact(scope, async (tx) => {
        const row = await tx.db
          .updateTable('webhook_deliveries')
          .set({ state: 'queued', attempts: 0, not_before: 0, ended_at: null })
          .where('outbox', '=', name)
          .where('target', '=', target)
          .where('id', '=', id)
          .returningAll()
          .executeTakeFirst();
        if (!row) throw webhookError('webhooks.delivery.not_found', 'The webhook has no such delivery.');
        await wake(tx, target);
        return toDelivery(row);
      });
    },
    /** Forgets everything that is kept for a target. */
    async forget(tx: Scope, target: string): Promise<void> {
      await tx.db
        .deleteFrom('webhook_deliveries')
        .where('outbox', '=', name)
        .where('target', '=', target)
        .execute();
    },
  };
}

/** A target whose secret cannot be read is tried again: the key may come back. */
function unreadable(error: unknown): Outcome {
  if (!(error instanceof HoustonError)) throw error;
  return { status: null, error: error.message, retry: true, waitMs: null };
}

function queued(scope: Scope, outbox: string, target: string): Promise<DeliveryRow | undefined> {
  return scope.db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('outbox', '=', outbox)
    .where('target', '=', target)
    .where('state', '=', 'queued')
    .orderBy('position')
    .executeTakeFirst();
}

function fresh(scope: Scope, outbox: string, target: string, event: string, body: string): DeliveryRow {
  const now = scope.now();
  return {
    id: randomUUID(),
    outbox,
    target,
    event,
    event_id: null,
    body,
    state: 'queued',
    attempts: 0,
    status: null,
    error: null,
    position: newId('dlv', now),
    not_before: 0,
    created_at: now,
    ended_at: null,
  };
}

function toDelivery(row: DeliveryRow): Delivery {
  const { id, event, state, attempts, status, error } = row;
  return {
    id,
    event,
    eventId: row.event_id,
    state,
    attempts,
    status,
    error,
    nextAttemptAt: state === 'queued' ? row.not_before : null,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  };
}
