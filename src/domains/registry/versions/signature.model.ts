import type { OnnxSummary } from '../../../platform/onnx/onnx-reader.ts';
import type { ModelFormat, ModelSignature, Tensor } from '../registry.contract.ts';

/** Metadata entry in which a file names the columns of its input matrix. */
const FEATURES_KEY = 'houston.features';

/** Interface and format of an ONNX file. */
export function describeOnnx(summary: OnnxSummary): { signature: ModelSignature; format: ModelFormat } {
  const { inputs, outputs, irVersion, producer, opsets, nodeCount, opTypes } = summary;
  return {
    signature: { inputs, outputs, features: readFeatures(summary.metadata[FEATURES_KEY]) },
    format: { irVersion, producer, opsets, nodes: nodeCount, operators: opTypes },
  };
}

function readFeatures(text: string | undefined): string[] | null {
  if (text === undefined) return null;
  try {
    const names: unknown = JSON.parse(text);
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : null;
  } catch {
    return null;
  }
}

/**
 * What a caller of `current` would notice if `next` answered instead, one sentence each; empty when nothing.
 * Inputs must be the same by name, type and shape; a fixed dimension may become free, not the other way. Every
 * output of `current` must still be there with its type. New outputs are fine. The order of feature columns is part
 * of the interface: a model that reads them in another order gives wrong answers without an error.
 */
export function signatureBreaks(current: ModelSignature, next: ModelSignature): string[] {
  const breaks = [
    ...current.inputs.flatMap((input) => tensorBreaks('input', input, next.inputs)),
    ...current.outputs.flatMap((output) => tensorBreaks('output', output, next.outputs)),
  ];
  for (const { name } of next.inputs) {
    if (!current.inputs.some((input) => input.name === name)) breaks.push(`It wants a new input "${name}".`);
  }
  const { features } = current;
  if (breaks.length === 0 && features && next.features && features.join('\n') !== next.features.join('\n')) {
    breaks.push('It reads other feature columns, or the same ones in another order.');
  }
  return breaks;
}

function tensorBreaks(kind: 'input' | 'output', wanted: Tensor, offered: readonly Tensor[]): string[] {
  const found = offered.find(({ name }) => name === wanted.name);
  if (!found) return [`It has no ${kind} "${wanted.name}".`];
  if (found.datatype !== wanted.datatype) {
    return [`Its ${kind} "${wanted.name}" is ${found.datatype}, not ${wanted.datatype}.`];
  }
  return shapeFits(wanted.shape, found.shape)
    ? []
    : [`Its ${kind} "${wanted.name}" has the shape [${found.shape}], not [${wanted.shape}].`];
}

function shapeFits(wanted: Tensor['shape'], offered: Tensor['shape']): boolean {
  if (wanted === null || offered === null) return true;
  return (
    wanted.length === offered.length &&
    wanted.every((size, axis) => offered[axis] === -1 || offered[axis] === size)
  );
}
