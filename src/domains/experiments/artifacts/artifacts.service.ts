import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { ArtifactRow } from '../experiments.tables.ts';
import { addArtifacts } from '../runs.store.ts';
import type { ArtifactPlace } from './paths.model.ts';

export type ArtifactEntry = { name: string; isFolder: boolean; size: number };

/**
 * Stores bytes, streamed and under their digest, and files them at a place; what was there is replaced. The buffers of a
 * stream are gone then.
 */
export async function putArtifact(
  scope: Scope,
  { owner, path }: ArtifactPlace,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  mediaType: string,
  maxBytes?: number,
): Promise<{ digest: string; size: number }> {
  authorise(scope, 'experiments.write');
  if (path === '') throw experimentsError('experiments.input.invalid', 'Invalid path: it names no file.');
  const blob = await scope.platform.blobs.put(content, {
    ours: true,
    ...(maxBytes !== undefined && { maxBytes }),
  });
  await transact(scope, (tx) =>
    addArtifacts(tx.db, [
      { run_id: owner, path, ...blob, media_type: mediaType.slice(0, 200), created_at: tx.now() },
    ]),
  );
  return blob;
}

/** @throws experiments.artifact.not_found */
export async function getArtifact(scope: Scope, { owner, path }: ArtifactPlace): Promise<ArtifactRow> {
  const row = await findArtifact(scope, { owner, path });
  if (!row) throw experimentsError('experiments.artifact.not_found', 'There is no artifact at this path.');
  return row;
}

export function findArtifact(scope: Scope, { owner, path }: ArtifactPlace): Promise<ArtifactRow | undefined> {
  return scope.db
    .selectFrom('experiments_artifacts')
    .selectAll()
    .where('run_id', '=', owner)
    .where('path', '=', path)
    .executeTakeFirst();
}

/** Everything below a folder, by path. */
export async function artifactsBelow(scope: Scope, { owner, path }: ArtifactPlace): Promise<ArtifactRow[]> {
  let query = scope.db.selectFrom('experiments_artifacts').selectAll().where('run_id', '=', owner);
  if (path !== '')
    query = query.where(
      (where) => where.eb.fn('substr', ['path', where.val(1), where.val(path.length + 1)]),
      '=',
      `${path}/`,
    );
  return query.orderBy('path').execute();
}

/** Files and folders right below a folder, by name. A file, or nothing, has no entries. */
export async function listArtifacts(scope: Scope, place: ArtifactPlace): Promise<ArtifactEntry[]> {
  const start = place.path === '' ? 0 : place.path.length + 1;
  const entries = new Map<string, ArtifactEntry>();
  for (const { path, size } of await artifactsBelow(scope, place)) {
    const [name = '', ...rest] = path.slice(start).split('/');
    entries.set(name, { name, isFolder: rest.length > 0, size: rest.length > 0 ? 0 : size });
  }
  return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Removes a file, or a folder with all below it, from the run; bytes stay until they are collected. */
export async function deleteArtifacts(scope: Scope, place: ArtifactPlace): Promise<number> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const below = await artifactsBelow(tx, place);
    const paths = [...below.map(({ path }) => path), place.path];
    for (const path of paths) {
      await tx.db
        .deleteFrom('experiments_artifacts')
        .where('run_id', '=', place.owner)
        .where('path', '=', path)
        .execute();
    }
    await record(tx, {
      type: 'experiments.artifacts.deleted',
      subject: /^[0-9a-f]{32}$/.test(place.owner)
        ? `experiment-run:${place.owner}`
        : `artifacts:${place.owner || 'free'}`,
      data: { owner: place.owner, path: place.path, files: below.length },
    });
    return below.length;
  });
}
