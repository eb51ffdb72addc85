import type { Json } from '../../../platform/json.ts';
import { prepareRows } from '../routing/request-rows.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { allocate, elementCount, type NamedTensor, type TensorSpec } from '../runtime/tensors.ts';
import { graphError } from './graph.errors.ts';

/** One row as it was sent: its fields by name, and when it happened (ms). */
export type SentRow = { fields: Readonly<Record<string, Json>>; eventTime: number };

/** The fields of a recorded row. */
export function fieldsOf(inputs: Json): SentRow['fields'] {
  return inputs !== null && typeof inputs === 'object' && !Array.isArray(inputs) ? inputs : {};
}

/**
 * What a graph is fed beside the numbers of the recorded vector, for one row: texts, and columns of the request that
 * stand beside a vector of features. Empty for a single model.
 * @throws serving.request.invalid
 */
export function heldTensors(live: LiveRevision, { fields, eventTime }: SentRow): NamedTensor[] {
  if (!live.revision.graph) return [];
  if (!live.source) {
    return live.runner.inputs
      .filter(({ datatype }) => datatype === 'BYTES')
      .map((input) => oneRow(input, [fields[input.name]].flat()));
  }
  if (live.runner.inputs.length === 1) return [];
  const tensors = live.inputs
    .filter(({ name }) => fields[name] !== undefined && fields[name] !== null)
    .map((input) => oneRow(input, [fields[input.name]]));
  return prepareRows(live, { tensors, parameters: { event_time: eventTime } }, eventTime).feeds.slice(1);
}

/** What was fed for a recorded row. @throws serving.graph.none when it was not recorded */
export function recordedFeeds(
  live: LiveRevision,
  row: SentRow & { vector: readonly number[] },
): NamedTensor[] {
  const held = new Map(heldTensors(live, row).map((tensor) => [tensor.name, tensor]));
  let offset = 0;
  return live.runner.inputs.map((input) => {
    const found = held.get(input.name);
    if (found) return found;
    const count = elementCount(input.shape.slice(1));
    if (count < 0 || row.vector.length < offset + count)
      throw graphError('serving.graph.none', 'The row of this prediction was not recorded.');
    offset += count;
    return oneRow(input, row.vector.slice(offset - count, offset));
  });
}

function oneRow({ name, datatype, shape: declared }: TensorSpec, values: readonly unknown[]): NamedTensor {
  const shape = [1, ...declared.slice(1)];
  const data = allocate(datatype, elementCount(shape));
  const target = data as unknown as unknown[];
  values.forEach((value, i) => {
    if (datatype === 'BYTES') target[i] = String(value ?? '');
    else if (datatype === 'INT64' || datatype === 'UINT64')
      target[i] = BigInt(Math.round(Number(value)) || 0);
    else target[i] = value === null || value === undefined ? Number.NaN : Number(value);
  });
  return { name, datatype, shape, data };
}
