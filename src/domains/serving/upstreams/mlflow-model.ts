import type { NamedTensor, TensorSpec } from '../runtime/tensors.ts';
import { callRemote } from './remote-call.ts';
import type { KnownSignature, RemoteModel } from './remote-model.ts';
import { describeValues, fromJsonValues, knownDatatype, nested, toJsonValues } from './remote-tensors.ts';

/**
 * A model behind `mlflow models serve` (`/invocations`). The server tells nothing about its interface, so the one
 * that the version was registered with counts; a version without a signature of its outputs has one, `predictions`.
 */
export async function mlflowModel(
  base: string,
  signature: KnownSignature,
  timeoutMs: number,
): Promise<RemoteModel> {
  await callRemote(`${base}/version`, timeoutMs).catch((error: unknown) => {
    // The version is plain text; that it answers is all that counts.
    if (!(error instanceof Error && error.message.includes('not JSON'))) throw error;
  });
  const inputs = signature.inputs.map(specOf);
  if (inputs.length === 0)
    throw new Error('The version has no signature of its inputs; log the model with an input example.');
  const known = signature.outputs.map(specOf);
  const outputs: TensorSpec[] =
    known.length > 0 ? known : [{ name: 'predictions', datatype: 'FP64', shape: [-1] }];
  const areColumns = inputs.every(({ shape }) => shape.length === 1);
  return {
    inputs,
    outputs,
    async predict(feeds, headers) {
      const body = areColumns ? columnsBody(inputs, feeds) : tensorsBody(feeds);
      const reply = (await callRemote(`${base}/invocations`, timeoutMs, body, headers)) as {
        predictions?: unknown;
      };
      if (!reply || reply.predictions === undefined)
        throw new Error('The upstream answered without predictions.');
      return readPredictions(reply.predictions, outputs, known.length > 0);
    },
  };
}

function specOf({ name, datatype, shape }: KnownSignature['inputs'][number], i: number): TensorSpec {
  return { name: name || `${i}`, datatype: knownDatatype(datatype), shape: shape ?? [-1] };
}

function columnsBody(inputs: readonly TensorSpec[], feeds: readonly NamedTensor[]): object {
  const columns = inputs.map(({ name }) => toJsonValues(feeds.find((feed) => feed.name === name)!));
  const data = columns[0].map((_, row) => columns.map((column) => column[row]));
  return { dataframe_split: { columns: inputs.map(({ name }) => name), data } };
}

function tensorsBody(feeds: readonly NamedTensor[]): object {
  const values = feeds.map((feed) => [feed.name, nested(toJsonValues(feed), feed.shape)] as const);
  return { inputs: values.length === 1 ? values[0][1] : Object.fromEntries(values) };
}

/** A list of values or rows is the one output; a list of records or a record of lists has one output a name. */
function readPredictions(
  predictions: unknown,
  outputs: readonly TensorSpec[],
  areTypesKnown: boolean,
): NamedTensor[] {
  const columns = columnsOf(predictions, outputs[0].name);
  return outputs.map(({ name, datatype }, i) => {
    const values = columns.get(name) ?? (outputs.length === 1 ? [...columns.values()][i] : undefined);
    if (!values) throw new Error(`The upstream answered without the output "${name}".`);
    const described = describeValues(values);
    return fromJsonValues(name, areTypesKnown ? datatype : described.datatype, described.shape, values);
  });
}

function columnsOf(predictions: unknown, onlyName: string): Map<string, unknown[]> {
  const isRecord = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isRecord(predictions)) {
    const lists = Object.entries(predictions).map(([name, values]) => [name, [values].flat(1)] as const);
    return new Map(lists);
  }
  if (!Array.isArray(predictions)) return new Map([[onlyName, [predictions]]]);
  if (!predictions.every(isRecord)) return new Map([[onlyName, predictions]]);
  const names = Object.keys(predictions[0] ?? {});
  return new Map(names.map((name) => [name, predictions.map((row) => row[name])]));
}
