import type { TensorSpec } from '../../runtime/tensors.ts';
import type { GraphNodeInput } from '../graph.contract.ts';
import { graphInvalid } from '../graph.errors.ts';
import { type DefaultRow, describe, type OnError, widthOf } from './graph.plan.ts';

/** What stands in for the outputs of a node that failed, checked against their types. */
export function planError(
  name: string,
  { onError = 'fail' }: GraphNodeInput,
  outputs: readonly TensorSpec[],
): OnError {
  if (typeof onError === 'string') return { kind: onError };
  const given = onError.default;
  const refuse = (message: string, next: string) => graphInvalid({ node: name, message, next });
  for (const output of Object.keys(given)) {
    if (outputs.some((one) => one.name === output)) continue;
    throw refuse(
      `The default of node "${name}" names the output "${output}", which it does not give.`,
      `It gives ${outputs.map((one) => one.name).join(', ')}.`,
    );
  }
  const row = outputs.map((output) => {
    const values = Object.hasOwn(given, output.name) ? [given[output.name]].flat() : [];
    if (values.length !== Math.abs(widthOf(output)))
      throw refuse(
        `The default of node "${name}" has ${values.length} values for "${output.name}", which has ${describe(output)}.`,
        'Give every output as many values as it has a row.',
      );
    return values.map((value) => {
      if (output.datatype === 'BYTES') return String(value);
      if (typeof value === 'string' || output.datatype === 'FP16')
        throw refuse(
          `The default of node "${name}" for "${output.name}" is no ${output.datatype}.`,
          'Give a number.',
        );
      return output.datatype === 'INT64' || output.datatype === 'UINT64'
        ? BigInt(Math.round(Number(value)))
        : Number(value);
    });
  });
  return { kind: 'default', row: row as DefaultRow };
}
