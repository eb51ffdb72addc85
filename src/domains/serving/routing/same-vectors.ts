import type { LiveRevision } from '../runtime/live-revision.ts';
import type { TensorSpec } from '../runtime/tensors.ts';

/** What was made ready for one revision can be fed to the other. */
export function sameVectors(a: LiveRevision, b: LiveRevision): boolean {
  if (a.revision.featureDigest !== b.revision.featureDigest) return false;
  const [inputs, others] = [a.runner.inputs, b.runner.inputs];
  return inputs.length === others.length && inputs.every((one, i) => isSameInput(one, others[i]));
}

function isSameInput(a: TensorSpec, b: TensorSpec): boolean {
  return a.name === b.name && a.datatype === b.datatype && a.shape.length === b.shape.length;
}
