import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql } from 'kysely';
import type { JobKind } from '../jobs/jobs.ts';
import { record } from '../ledger/index.ts';
import type { Platform } from '../platform.ts';
import { type Scope, transact } from '../scope.ts';
import type { Blob } from './blobs.ts';
import { type BlobReferrer, type Holders, openHolders } from './referrers.ts';

export type BlobCount = { blobs: number; bytes: number };

/**
 * Removes bytes that nothing refers to, in two phases. `mark` notes what nobody holds; `sweep`, a grace time later,
 * looks again and removes what still nobody holds and nobody has put since. So a reference that is being made
 * meanwhile, to new bytes or by a copied digest, is never left without its bytes.
 */
export type BlobCollector = {
  readonly graceMs: number;
  /** Tells where digests are kept. Until then nothing is collected. */
  register(referrers: readonly BlobReferrer[]): void;
  /** What `mark` would note now; changes nothing. */
  find(scope: Scope): Promise<BlobCount>;
  /** Notes what nobody holds, and has it swept a grace time later. */
  mark(scope: Scope): Promise<BlobCount & { sweepAt: number }>;
  /** Of these digests, those that nothing outside one table holds. */
  unheldBeside(scope: Scope, digests: readonly string[], table: string): Promise<Set<string>>;
  readonly jobs: readonly JobKind[];
};

const sweepJob = 'platform.blobs.sweep';
const batch = 500;
const prefixes = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

/** Work that waits or has just run may name bytes by their digest. */
const ofPlatform: readonly BlobReferrer[] = [{ table: 'jobs', column: 'payload', holds: 'text' }];

export function createBlobCollector(platform: Platform): BlobCollector {
  const { blobs } = platform;
  const graceMs = platform.config.gcGraceSeconds * 1000;
  const referrers: BlobReferrer[] = [];
  const open = (scope: Scope) => {
    if (referrers.length === 0) throw new Error('Nobody has said which blobs are held.');
    return openHolders(scope.db, blobs, [...ofPlatform, ...referrers]);
  };

  return {
    graceMs,
    register: (more) => void referrers.push(...more),
    async find(scope) {
      const count = { blobs: 0, bytes: 0 };
      await eachUnheld(platform, await open(scope), async (found) => add(count, found));
      return count;
    },
    async mark(scope) {
      const count = { blobs: 0, bytes: 0 };
      await eachUnheld(platform, await open(scope), async (found, prefix) => {
        add(count, found);
        await transact(scope, (tx) => noteMarks(tx, found, prefix));
      });
      const sweepAt = Date.now() + graceMs;
      await platform.jobs.enqueue(scope, { kind: sweepJob, key: sweepJob, payload: {}, notBefore: sweepAt });
      return { ...count, sweepAt };
    },
    async unheldBeside(scope, digests, table) {
      const held = await (await open(scope)).among(digests, table);
      return new Set(digests.filter((digest) => !held.has(digest)));
    },
    jobs: [
      {
        kind: sweepJob,
        async run(scope, _payload, job) {
          await blobs.uploads.sweep(86_400_000);
          await sweep(scope, await open(scope), graceMs, (tx) => job.guard(tx));
          const left = await scope.db
            .selectFrom('platform_blob_marks')
            .select('marked_at')
            .limit(1)
            .execute();
          if (left.length > 0) {
            const notBefore = Date.now() + graceMs;
            await platform.jobs.enqueue(scope, { kind: sweepJob, key: sweepJob, payload: {}, notBefore });
          }
        },
      },
    ],
  };
}

function add(count: BlobCount, found: readonly Blob[]): void {
  for (const { size } of found) {
    count.blobs++;
    count.bytes += size;
  }
}

/** What nobody holds, a 256th of the store at a time. */
async function eachUnheld(
  { blobs }: Platform,
  holders: Holders,
  handle: (found: Blob[], prefix: string) => Promise<void>,
): Promise<void> {
  for (const prefix of prefixes) {
    const stored = await blobs.list(prefix);
    if (stored.length > 0) {
      const held = await holders.withPrefix(prefix);
      await handle(
        stored.filter(({ digest }) => !held.has(digest)),
        prefix,
      );
    }
    await nextTurn();
  }
}

/** Marks of a prefix are what is unheld now: new ones are added, held ones lose theirs, the others keep their time. */
async function noteMarks({ db }: Scope, found: readonly Blob[], prefix: string): Promise<void> {
  const known = await db
    .selectFrom('platform_blob_marks')
    .select('digest')
    .where('digest', '>=', `sha256:${prefix}`)
    .where('digest', '<', `sha256:${prefix}~`)
    .execute();
  const unheld = new Set(found.map(({ digest }) => digest));
  for (const { digest } of known) {
    if (!unheld.has(digest))
      await db.deleteFrom('platform_blob_marks').where('digest', '=', digest).execute();
  }
  const marked_at = Date.now();
  for (let from = 0; from < found.length; from += batch) {
    await db
      .insertInto('platform_blob_marks')
      .values(found.slice(from, from + batch).map(({ digest, size }) => ({ digest, size, marked_at })))
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  }
}

/**
 * Removes marked bytes batch by batch, each with its own event. A `kill -9` leaves marks whose bytes are gone; the next
 * sweep counts and forgets them.
 */
async function sweep(
  scope: Scope,
  holders: Holders,
  graceMs: number,
  guard: (tx: Scope) => Promise<void>,
): Promise<void> {
  const due = Date.now() - graceMs;
  for (let after = ''; ; ) {
    const marks = await scope.db
      .selectFrom('platform_blob_marks')
      .selectAll()
      .where('marked_at', '<=', due)
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(batch)
      .execute();
    if (marks.length === 0) return;
    after = marks.at(-1)!.digest;
    const digests = marks.map(({ digest }) => digest);
    const held = await holders.among(digests);
    // No await from here to the last removal: nobody puts the same bytes in between.
    const removed = marks.filter(
      ({ digest, marked_at }) =>
        !held.has(digest) && scope.platform.blobs.removeUntouchedSince(digest, marked_at),
    );
    await transact(scope, async (tx) => {
      await guard(tx);
      await tx.db
        .deleteFrom('platform_blob_marks')
        .where(sql<boolean>`digest in (${sql.join(digests)})`)
        .execute();
      if (removed.length === 0) return;
      const bytes = removed.reduce((sum, { size }) => sum + size, 0);
      await record(tx, {
        type: 'platform.blobs.collected',
        subject: 'storage:blobs',
        data: { blobs: removed.length, bytes },
      });
    });
    await nextTurn();
  }
}
