import { elementCount, type NamedTensor, shapeFits, type TensorSpec } from '../../domains/serving/index.ts';
import { OipError } from '../open-inference/errors.ts';
import { textOf } from '../open-inference/tensors-binary.ts';
import { convert } from '../open-inference/tensors-json.ts';

type Fields = Readonly<Record<string, unknown>>;

const deepest = 32;
const mostInstances = 100_000;

/**
 * Row form: one entry an instance, each an object of inputs by name, or the value itself for a model with one input.
 * @throws OipError naming the input
 */
export function tensorsFromInstances(instances: unknown, specs: readonly TensorSpec[]): NamedTensor[] {
  if (!Array.isArray(instances) || instances.length === 0)
    throw new OipError('The instances are no list of rows.');
  if (instances.length > mostInstances)
    throw new OipError(`A request has at most ${mostInstances} rows; send several.`);
  if (!isObject(instances[0])) {
    if (instances.some(isObject)) throw new OipError('The instances are not all of the same form.');
    return [tensorOf(onlySpec(specs), instances)];
  }
  const columns = new Map<string, unknown[]>(Object.keys(instances[0]).map((name) => [name, []]));
  for (const instance of instances) {
    if (!isObject(instance) || Object.keys(instance).length !== columns.size)
      throw new OipError('The instances do not all have the same inputs.');
    for (const [name, values] of columns) {
      if (!Object.hasOwn(instance, name))
        throw new OipError('The instances do not all have the same inputs.');
      values.push(instance[name]);
    }
  }
  return namedTensors([...columns], specs);
}

/** Column form: an object of whole tensors by name, or the tensor itself for a model with one input. */
export function tensorsFromInputs(inputs: unknown, specs: readonly TensorSpec[]): NamedTensor[] {
  if (inputs === undefined || inputs === null) throw new OipError('The request has no inputs.');
  if (isObject(inputs)) return namedTensors(Object.entries(inputs), specs);
  return [tensorOf(onlySpec(specs), inputs)];
}

/** Columns of a table as tensors; a column that the model does not declare keeps its name for the model to refuse. */
export function namedTensors(
  columns: readonly (readonly [name: string, values: unknown])[],
  specs: readonly TensorSpec[],
): NamedTensor[] {
  return columns.map(([name, values]) => {
    const spec = specs.find((one) => one.name === name) ?? eventTime(name);
    if (!spec) throw new OipError('The request names an input that the model does not have.');
    return tensorOf(spec, values);
  });
}

/** A value for each row, when the request happens; models may be asked about the past. */
function eventTime(name: string): TensorSpec | undefined {
  return name === 'event_time' ? { name, datatype: 'BYTES', shape: [-1] } : undefined;
}

/** Nested values as the tensor that `spec` declares; dimensions of one at the end may be there or not. */
export function tensorOf(spec: TensorSpec, values: unknown): NamedTensor {
  const { name, datatype } = spec;
  if (datatype === 'FP16')
    throw new OipError(
      `The input "${name}" is FP16, which has no JSON form; ask the model under /v2 in binary.`,
    );
  const flat: unknown[] = [];
  const shape: number[] = [];
  flatten(values, 0, shape, flat, name);
  const data = convert(
    datatype === 'BYTES' ? flat.map((value) => bytesOf(value, name)) : flat,
    datatype,
    name,
  );
  return { name, datatype, shape: fitted(shape, spec), data };
}

function fitted(shape: readonly number[], { name, shape: declared }: TensorSpec): readonly number[] {
  if (shapeFits(shape, declared)) return shape;
  const bare = withoutOnes(shape);
  const padded = [...bare, ...Array<number>(Math.max(0, declared.length - bare.length)).fill(1)];
  if (shapeFits(padded, declared) && elementCount(padded) === elementCount(shape)) return padded;
  throw new OipError(`The input "${name}" has the shape [${declared.join(',')}], not [${shape.join(',')}].`);
}

/** The first dimension stays: it is the rows. */
function withoutOnes(shape: readonly number[]): number[] {
  const bare = [...shape];
  while (bare.length > 1 && bare.at(-1) === 1) bare.pop();
  return bare;
}

function flatten(value: unknown, depth: number, shape: number[], flat: unknown[], name: string): void {
  if (!Array.isArray(value)) {
    if (depth !== shape.length) throw new OipError(`The input "${name}" is not nested evenly.`);
    flat.push(value);
    return;
  }
  if (depth > deepest) throw new OipError(`The input "${name}" is nested too deeply.`);
  if (depth === shape.length) {
    if (flat.length > 0) throw new OipError(`The input "${name}" is not nested evenly.`);
    shape.push(value.length);
  } else if (shape[depth] !== value.length) throw new OipError(`The input "${name}" is not nested evenly.`);
  for (const inner of value) flatten(inner, depth + 1, shape, flat, name);
}

/** A text, or an object that holds it as base64. */
function bytesOf(value: unknown, name: string): unknown {
  if (!isObject(value)) return value;
  const { b64, ...more } = value;
  if (typeof b64 !== 'string' || Object.keys(more).length > 0 || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(b64))
    throw new OipError(`The input "${name}" has an element that is neither a text nor {"b64": …}.`);
  return textOf(Buffer.from(b64, 'base64'), name);
}

function onlySpec(specs: readonly TensorSpec[]): TensorSpec {
  if (specs.length !== 1) throw new OipError('The model has several inputs; send them by name.');
  return specs[0];
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
