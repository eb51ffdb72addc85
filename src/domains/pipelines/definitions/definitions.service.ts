import { digestJson } from '../../../platform/digest.ts';
import type { Json } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { checkName } from '../../../platform/names.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import type { PipelineSpec } from './definition.contract.ts';
import { checkDefinition, type StepNames } from './definition.model.ts';
import { type Definition, findDefinition, insertRevision } from './definitions.store.ts';

/** Names that the routes below /api/pipelines/ use themselves. */
const reserved = new Set(['runs', 'steps']);

/**
 * Declares a pipeline: a definition that differs from the newest revision becomes the next one, an equal one
 * changes nothing. `run:` steps need the permission pipelines.code besides pipelines.write.
 */
export async function putPipeline(
  scope: Scope,
  name: string,
  value: unknown,
  steps: StepNames,
): Promise<Definition> {
  authorise(scope, 'pipelines.write');
  checkName('pipeline', name);
  if (reserved.has(name)) {
    throw pipelinesError(
      'pipelines.definition.invalid',
      `"${name}" is a word of the API; choose another name.`,
    );
  }
  const spec = checkDefinition(value, steps);
  if (Object.values(spec.jobs).some((job) => job.run !== undefined)) authorise(scope, 'pipelines.code');
  return transact(scope, async (tx) => {
    const digest = digestJson(spec as unknown as Json);
    const present = await findDefinition(tx.db, name);
    if (present?.digest === digest) return present;
    const definition: Definition = {
      pipeline: name,
      revision: (present?.revision ?? 0) + 1,
      digest,
      spec,
      createdAt: tx.now(),
      createdBy: tx.actor,
    };
    await insertRevision(
      tx.db,
      {
        pipeline: name,
        revision: definition.revision,
        digest,
        definition: JSON.stringify(spec),
        created_at: definition.createdAt,
        created_by: tx.actor,
      },
      'default',
    );
    await record(tx, {
      type: present ? 'pipelines.pipeline.changed' : 'pipelines.pipeline.created',
      subject: `pipeline:${name}@${definition.revision}`,
      data: { pipeline: name, revision: definition.revision, digest, jobs: Object.keys(spec.jobs) },
    });
    return definition;
  });
}

/** A revision of a pipeline (default: the newest). Raises pipelines.pipeline.not_found. */
export async function getPipeline(scope: Scope, name: string, revision?: number): Promise<Definition> {
  const definition = await findDefinition(scope.db, name, revision);
  if (definition) return definition;
  const which = revision === undefined ? 'pipeline of this name' : `revision ${revision} of this pipeline`;
  throw pipelinesError('pipelines.pipeline.not_found', `There is no ${which}.`);
}

export type { PipelineSpec };
