import type { BlobReferrer } from '../../platform/blobs/referrers.ts';
import type { ArtifactHolders, TrackingDoor } from '../experiments/index.ts';

/**
 * What the registry keeps: bytes of versions and their ONNX twins, the files that a recorded version lists, and the
 * evidence of evaluations and verdicts.
 */
export const registryReferrers: readonly BlobReferrer[] = [
  { table: 'registry_versions', column: 'digest', holds: 'digest' },
  { table: 'registry_versions', column: 'serving_digest', holds: 'digest' },
  { table: 'registry_versions', column: 'training_profile', holds: 'digest' },
  { table: 'registry_evaluations', column: 'digest', holds: 'digest' },
  { table: 'registry_evaluations', column: 'champion_digest', holds: 'digest' },
  { table: 'registry_evaluations', column: 'baseline_digest', holds: 'digest' },
  { table: 'registry_evaluations', column: 'test_digest', holds: 'digest' },
  { table: 'registry_evaluations', column: 'report', holds: 'digest' },
  { table: 'registry_evaluations', column: 'profile', holds: 'digest' },
  { table: 'registry_verdicts', column: 'digest', holds: 'digest' },
  { table: 'registry_verdicts', column: 'champion_digest', holds: 'digest' },
  {
    table: 'registry_versions',
    column: 'digest',
    holds: 'manifest',
    // Whatever its flavor, a version without an ONNX file of one piece is a list of files.
    where: { column: 'format', like: '%"irVersion":0,%' },
  },
];

/** Runs and logged models whose files are those of a version that is not deleted: clients download them from there. */
export function createHeldOwners({ placeOf }: TrackingDoor): ArtifactHolders {
  return async ({ db }, owners) => {
    const asked = new Set(owners);
    const held = new Map<string, string>();
    if (asked.size === 0) return held;
    const versions = await db
      .selectFrom('registry_versions')
      .innerJoin('registry_models', 'registry_models.name', 'registry_versions.model')
      .select(['model', 'version', 'storage_uri', 'logged_model'])
      .where('registry_versions.deleted_at', 'is', null)
      .where('registry_models.deleted_at', 'is', null)
      .where('storage_uri', 'is not', null)
      .execute();
    for (const { model, version, storage_uri, logged_model } of versions) {
      const path = /^mlflow-artifacts:(?:\/\/[^/]*)?\/*(.*)$/s.exec(storage_uri ?? '')?.[1];
      for (const owner of [path && placeOf(path).owner, logged_model]) {
        if (owner && asked.has(owner)) held.set(owner, `version ${version} of the model ${model}`);
      }
    }
    return held;
  };
}
