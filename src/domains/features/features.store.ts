import type { Db } from '../../platform/db/database.ts';
import type { FeatureServiceDefinition } from './features.contract.ts';
import type { FeatureServiceRow } from './features.tables.ts';

const workspace = 'default';

export type StoredService = {
  name: string;
  version: number;
  digest: string;
  definition: FeatureServiceDefinition;
  actor: string;
  createdAt: number;
};

function toService(row: FeatureServiceRow): StoredService {
  const { name, version, digest, definition, actor, created_at } = row;
  return { name, version, digest, definition: JSON.parse(definition), actor, createdAt: created_at };
}

/** The newest version of every service, by name. */
export async function listCurrent(db: Db): Promise<StoredService[]> {
  const rows = await db
    .selectFrom('features_services as s')
    .selectAll('s')
    .where('s.workspace', '=', workspace)
    .where('s.version', '=', (query) =>
      query
        .selectFrom('features_services as n')
        .select((expression) => expression.fn.max('n.version').as('version'))
        .where('n.workspace', '=', workspace)
        .whereRef('n.name', '=', 's.name'),
    )
    .orderBy('s.name')
    .execute();
  return rows.map(toService);
}

/** All versions of a service, newest first. */
export async function listVersions(db: Db, name: string): Promise<StoredService[]> {
  const rows = await db
    .selectFrom('features_services')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('name', '=', name)
    .orderBy('version', 'desc')
    .execute();
  return rows.map(toService);
}

/** The newest version, or the newest with a digest that starts with `digest`. */
export async function findService(db: Db, name: string, digest?: string): Promise<StoredService | null> {
  let query = db
    .selectFrom('features_services')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('name', '=', name);
  if (digest !== undefined) {
    query = query.where(
      'digest',
      'like',
      `sha256:${digest.replace(/^sha256:/, '').replace(/[^0-9a-f]/g, '-')}%`,
    );
  }
  const row = await query.orderBy('version', 'desc').limit(1).executeTakeFirst();
  return row ? toService(row) : null;
}

export async function insertService(db: Db, service: StoredService): Promise<void> {
  const { name, version, digest, definition, actor, createdAt } = service;
  await db
    .insertInto('features_services')
    .values({
      workspace,
      name,
      version,
      digest,
      definition: JSON.stringify(definition),
      actor,
      created_at: createdAt,
    })
    .execute();
}
