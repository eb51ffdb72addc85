import { readFile } from 'node:fs/promises';
import { readOnnx } from '../../../platform/onnx/onnx-reader.ts';
import { createMeter, type RevisionMeter } from '../meter/meter.ts';
import type { FeatureSource } from '../routing/feature-port.ts';
import { type LiveRevision, type Revision, requestSpecs } from '../runtime/live-revision.ts';
import { createScorer } from '../runtime/score.ts';
import type { Datatype, TensorSpec } from '../runtime/tensors.ts';
import { servingError } from '../serving.errors.ts';

export type ModelInterface = { inputs: readonly TensorSpec[]; outputs: readonly TensorSpec[] };

/** The inputs and outputs that a model's file declares, without opening it in the runtime. */
export async function readInterface(path: string): Promise<ModelInterface> {
  const { inputs, outputs } = readOnnx(await readFile(path));
  const specs = (values: typeof inputs): TensorSpec[] =>
    values.map(({ name, datatype, shape }) => ({
      name,
      datatype: datatype as Datatype,
      shape: shape ?? [],
    }));
  return { inputs: specs(inputs), outputs: specs(outputs) };
}

/**
 * A revision in quarantine, in the place of the one that ran: it has the same interface and fails every request at
 * once, so that the deployment's fallback answers, or the caller is told why nobody does.
 */
export function quarantinedRevision(
  revision: Revision,
  { inputs, outputs }: ModelInterface,
  reason: string,
  options: {
    source: FeatureSource | null;
    meter?: RevisionMeter | undefined;
    scoreOutput?: string;
    scoreRange?: readonly number[];
  },
): LiveRevision {
  const { deployment, model, version, id } = revision;
  const failure = servingError(
    'serving.revision.quarantined',
    `Version ${version} of ${model} is in quarantine. ${reason}`,
  );
  return {
    revision,
    runner: {
      placement: 'none',
      inputs,
      outputs,
      parallel: Number.POSITIVE_INFINITY,
      run: () => Promise.reject(failure),
      close: async () => {},
    },
    source: options.source,
    scorer: createScorer(outputs, options),
    meter: options.meter ?? createMeter({ deployment, model, version, revision: id }),
    runMs: 0,
    bytes: 0,
    inputs: options.source ? requestSpecs(options.source) : inputs,
    unrepeatable: null,
    warmedOn: { requests: 0, rows: 0 },
    release: async () => {},
  };
}
