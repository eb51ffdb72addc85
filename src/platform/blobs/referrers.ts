import { sql } from 'kysely';
import type { Db } from '../db/database.ts';
import { platformError } from '../errors.ts';
import type { BlobStore } from './blobs.ts';

/**
 * A column that keeps blobs alive. `digest`: it is one digest or null. `text`: digests stand anywhere in it, such as
 * in JSON. `manifest`: it is the digest of a blob whose text names further ones, where another column is like a pattern.
 * A domain declares each of its own; what nobody declares is collected.
 */
export type BlobReferrer =
  | { readonly table: string; readonly column: string; readonly holds: 'digest' | 'text' }
  | {
      readonly table: string;
      readonly column: string;
      readonly holds: 'manifest';
      readonly where: { readonly column: string; readonly like: string };
    };

const anyDigest = /sha256:[0-9a-f]{64}/g;

/** Says of digests which are held. What stands in texts and manifests is read once, when it is made. */
export type Holders = {
  /** Those held whose digest begins with these two hex characters. */
  withPrefix(prefix: string): Promise<Set<string>>;
  /** Those held among some; `beside` leaves one table out. */
  among(digests: readonly string[], beside?: string): Promise<Set<string>>;
};

export async function openHolders(
  db: Db,
  blobs: BlobStore,
  referrers: readonly BlobReferrer[],
): Promise<Holders> {
  const named = new Set<string>();
  for (const referrer of referrers) {
    if (referrer.holds === 'text') await readTexts(db, referrer, named);
    if (referrer.holds === 'manifest') await readManifests(db, blobs, referrer, named);
  }
  const direct = referrers.filter(({ holds }) => holds !== 'text');

  return {
    async withPrefix(prefix) {
      const from = `sha256:${prefix}`;
      const held = new Set([...named].filter((digest) => digest.startsWith(from)));
      for (const { table, column } of direct) {
        const at = sql.ref(column);
        const { rows } = await sql<{
          digest: string;
        }>`select distinct ${at} as digest from ${sql.table(table)}
          where ${at} >= ${from} and ${at} < ${`${from}~`}`.execute(db);
        for (const { digest } of rows) held.add(digest);
      }
      return held;
    },
    async among(digests, beside) {
      const held = new Set(digests.filter((digest) => named.has(digest)));
      for (const { table, column } of direct) {
        if (table === beside) continue;
        for (let from = 0; from < digests.length; from += 500) {
          const some = sql.join(digests.slice(from, from + 500));
          const { rows } = await sql<{ digest: string }>`select distinct ${sql.ref(column)} as digest
            from ${sql.table(table)} where ${sql.ref(column)} in (${some})`.execute(db);
          for (const { digest } of rows) held.add(digest);
        }
      }
      return held;
    },
  };
}

/** Every digest in a column of texts, a page of rows at a time. */
async function readTexts(db: Db, { table, column }: BlobReferrer, into: Set<string>): Promise<void> {
  const text = sql.ref(column);
  const { rows } = await sql<{ text: string }>`select ${text} as text from ${sql.table(table)}
    where ${text} like '%sha256:%'`.execute(db);
  for (const row of rows) for (const [digest] of row.text.matchAll(anyDigest)) into.add(digest);
}

async function readManifests(
  db: Db,
  blobs: BlobStore,
  referrer: Extract<BlobReferrer, { holds: 'manifest' }>,
  into: Set<string>,
): Promise<void> {
  const { table, column, where } = referrer;
  const { rows } = await sql<{ digest: string }>`select distinct ${sql.ref(column)} as digest
    from ${sql.table(table)} where ${sql.ref(where.column)} like ${where.like}`.execute(db);
  for (const { digest } of rows) {
    if (!blobs.has(digest)) continue;
    if ((await blobs.size(digest)) > 256 * 1024 * 1024) {
      throw platformError(
        'platform.internal',
        `A manifest of ${table} is too large to read; nothing is collected.`,
      );
    }
    for (const [held] of (await blobs.get(digest)).toString('latin1').matchAll(anyDigest)) into.add(held);
  }
}
