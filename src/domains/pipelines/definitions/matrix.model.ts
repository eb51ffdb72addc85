import type { Json, JsonObject } from '../../../platform/json.ts';
import { pipelinesError } from '../pipelines.contract.ts';

const mostInstances = 256;

/**
 * The instances of a matrix, as in GitHub Actions: the product of its lists, less `exclude`, with each entry of
 * `include` added to the instances that it does not contradict, or as one of its own. A plain list of objects is
 * taken as it is. Raises pipelines.definition.invalid beyond 256 instances.
 */
export function expandMatrix(matrix: Json): JsonObject[] {
  if (Array.isArray(matrix)) return limited(matrix.map((item) => (isObject(item) ? item : { value: item })));
  if (!isObject(matrix)) throw unusable('A matrix is an object of lists, or a list of objects.');
  const { include = [], exclude = [], ...axes } = matrix;
  const excluded = asObjects(exclude, 'exclude');
  let instances: JsonObject[] = Object.keys(axes).length > 0 ? [{}] : [];
  for (const [name, values] of Object.entries(axes)) {
    if (!Array.isArray(values)) throw unusable(`The matrix entry "${name}" is not a list.`);
    instances = limited(
      instances.flatMap((instance) => values.map((value) => ({ ...instance, [name]: value }))),
    );
  }
  instances = instances.filter(
    (instance) => !excluded.some((entry) => agrees(instance, entry, Object.keys(entry))),
  );
  const originals = instances.map((instance) => ({ ...instance }));
  for (const entry of asObjects(include, 'include')) {
    const shared = Object.keys(entry).filter((key) => Object.hasOwn(axes, key));
    const fitting = originals.flatMap((original, index) => (agrees(original, entry, shared) ? [index] : []));
    if (fitting.length === 0 || originals.length === 0) instances.push({ ...entry });
    else for (const index of fitting) Object.assign(instances[index], entry);
  }
  return limited(instances);
}

function agrees(instance: JsonObject, entry: JsonObject, keys: readonly string[]): boolean {
  return keys.every((key) => JSON.stringify(instance[key]) === JSON.stringify(entry[key]));
}

function limited(instances: JsonObject[]): JsonObject[] {
  if (instances.length > mostInstances) throw unusable(`A matrix has at most ${mostInstances} instances.`);
  return instances;
}

function asObjects(value: Json, name: string): JsonObject[] {
  if (!Array.isArray(value) || !value.every(isObject)) throw unusable(`"${name}" is a list of objects.`);
  return value;
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unusable(message: string): Error {
  return pipelinesError('pipelines.definition.invalid', message);
}
