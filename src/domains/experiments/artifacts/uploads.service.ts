import { MOST_PARTS, type UploadPart } from '../../../platform/blobs/uploads.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { addArtifacts } from '../runs.store.ts';
import type { ArtifactPlace } from './paths.model.ts';

/** An upload belongs to who began it and to one place; nobody else finds it. */
const labelOf = (scope: Scope, { owner, path }: ArtifactPlace) =>
  JSON.stringify(['artifact', scope.actor, owner, path]);

/** Begins an upload in parts to a place. @throws experiments.input.invalid, platform.upload.too_many */
export function beginUpload(scope: Scope, place: ArtifactPlace, parts: number): Promise<string> {
  authorise(scope, 'experiments.write');
  if (place.path === '')
    throw experimentsError('experiments.input.invalid', 'Invalid path: it names no file.');
  if (!Number.isInteger(parts) || parts < 1 || parts > MOST_PARTS) {
    throw experimentsError('experiments.input.invalid', `An upload has 1 to ${MOST_PARTS} parts.`);
  }
  return scope.platform.blobs.uploads.begin(labelOf(scope, place), parts);
}

/** Stores one part and returns its ETag. @throws platform.upload.not_found, platform.upload.incomplete */
export async function putUploadPart(
  scope: Scope,
  place: ArtifactPlace,
  id: string,
  part: number,
  content: AsyncIterable<Uint8Array>,
): Promise<string> {
  authorise(scope, 'experiments.write');
  return scope.platform.blobs.uploads.putPart(id, labelOf(scope, place), part, content);
}

/** Joins the parts and files the artifact. Again it changes nothing. @throws platform.upload.incomplete */
export async function completeUpload(
  scope: Scope,
  place: ArtifactPlace,
  id: string,
  parts: readonly UploadPart[],
): Promise<void> {
  authorise(scope, 'experiments.write');
  const blob = await scope.platform.blobs.uploads.complete(id, labelOf(scope, place), parts);
  await transact(scope, (tx) =>
    addArtifacts(tx.db, [
      {
        run_id: place.owner,
        path: place.path,
        ...blob,
        media_type: 'application/octet-stream',
        created_at: tx.now(),
      },
    ]),
  );
}

export async function abortUpload(scope: Scope, place: ArtifactPlace, id: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await scope.platform.blobs.uploads.abort(id, labelOf(scope, place));
}
