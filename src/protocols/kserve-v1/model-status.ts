import type { ServingDoor, TensorSpec } from '../../domains/serving/index.ts';
import { OipError } from '../open-inference/errors.ts';

/** Versions of a model that answer now, with the labels by which they may be asked for. */
function served(serving: ServingDoor, model: string): { version: string; labels: readonly string[] }[] {
  const route = serving.liveRoutes().find((one) => one.deployment === model);
  const named = [
    { live: route?.champion, labels: ['stable', 'champion'] },
    { live: route?.rollout?.challenger, labels: ['canary', 'challenger'] },
    { live: route?.previous, labels: ['previous'] },
  ];
  return named.flatMap(({ live, labels }) =>
    live ? [{ version: String(live.revision.version), labels }] : [],
  );
}

/** The version that a label stands for. @throws OipError 404 */
export function versionOfLabel(serving: ServingDoor, model: string, label: string): string {
  serving.isReady(model);
  const found = served(serving, model).find(({ labels }) => labels.includes(label));
  if (found) return found.version;
  throw new OipError(
    'This model has no version of that label now; there are stable, canary and previous.',
    404,
  );
}

/** Status in the words of both families: KServe reads `ready`, TensorFlow Serving the versions. */
export function modelStatus(serving: ServingDoor, model: string, version?: string) {
  const ready = serving.isReady(model, version);
  if (version !== undefined) serving.live(model, version);
  const versions = served(serving, model).filter((one) => version === undefined || one.version === version);
  return {
    name: model,
    ready,
    model_version_status: versions.map((one) => ({
      version: one.version,
      state: 'AVAILABLE',
      status: { error_code: 'OK', error_message: '' },
    })),
  };
}

const dtypes: Partial<Record<string, string>> = {
  BOOL: 'DT_BOOL',
  FP16: 'DT_HALF',
  FP32: 'DT_FLOAT',
  FP64: 'DT_DOUBLE',
  BYTES: 'DT_STRING',
};

/** The signature as TensorFlow Serving tells it. */
export function modelSignature(serving: ServingDoor, model: string, version?: string) {
  const live = serving.live(model, version);
  const tensors = (specs: readonly TensorSpec[]) =>
    Object.fromEntries(
      specs.map(({ name, datatype, shape }) => [
        name,
        {
          name,
          dtype: dtypes[datatype] ?? `DT_${datatype}`,
          tensor_shape: { dim: shape.map((size) => ({ size: String(size), name: '' })), unknown_rank: false },
        },
      ]),
    );
  const serving_default = {
    inputs: tensors(live.inputs),
    outputs: tensors(live.runner.outputs),
    method_name: 'tensorflow/serving/predict',
  };
  return {
    model_spec: { name: model, signature_name: '', version: String(live.revision.version) },
    metadata: { signature_def: { signature_def: { serving_default } } },
  };
}
