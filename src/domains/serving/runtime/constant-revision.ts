import { digestJson, shortDigest } from '../../../platform/digest.ts';
import type { Json } from '../../../platform/json.ts';
import { createMeter } from '../meter/meter.ts';
import { servingError } from '../serving.errors.ts';
import type { LiveRevision, Revision } from './live-revision.ts';
import { defaultSettings } from './runner.ts';
import { createScorer } from './score.ts';
import { allocate, elementCount, type NamedTensor, type TensorSpec } from './tensors.ts';

/** A value for each output of a model; of a wider output, the values of one row. */
export type Constant = Record<string, number | boolean | string | (number | boolean | string)[]>;

/**
 * A revision that gives every row the same answer, with the interface of the champion that it stands in for.
 * @throws serving.model.refused when the champion has no such output, or one of another width
 */
export function constantRevision(champion: LiveRevision, constant: Constant, now: number): LiveRevision {
  const { inputs, outputs } = champion.runner;
  const unknown = Object.keys(constant).find((name) => !outputs.some((output) => output.name === name));
  if (unknown !== undefined)
    throw servingError('serving.model.refused', `The fallback names the output "${unknown}", which is none.`);
  const rowOf = new Map(outputs.map((output) => [output.name, rowValues(output, constant[output.name])]));
  const { deployment, features, featureService, featureDigest } = champion.revision;
  const identity = { deployment, constant, outputs } as unknown as Json;
  const revision: Revision = {
    id: `rev_${shortDigest(digestJson(identity))}`,
    deployment,
    model: 'constant',
    version: 0,
    digest: digestJson(identity),
    featureService,
    featureDigest,
    settings: defaultSettings,
    graph: null,
    features,
    createdAt: now,
  };
  const answer = (rows: number): NamedTensor[] =>
    outputs.map(({ name, datatype, shape }) => {
      const row = rowOf.get(name)!;
      const data = allocate(datatype, rows * row.length) as string[];
      for (let i = 0; i < data.length; i++) data[i] = row[i % row.length] as string;
      return { name, datatype, shape: [rows, ...shape.slice(1).map((size) => Math.abs(size))], data };
    });
  return {
    revision,
    runner: {
      placement: 'constant',
      inputs,
      outputs,
      parallel: Number.POSITIVE_INFINITY,
      run: async (feeds) => answer(feeds[0]?.shape[0] ?? 1),
      close: async () => {},
    },
    source: champion.source,
    scorer: createScorer(outputs, {}),
    runMs: 0,
    bytes: 0,
    meter: createMeter({ deployment, model: 'constant', version: 0, revision: revision.id }),
    inputs: champion.inputs,
    unrepeatable: null,
    warmedOn: { requests: 0, rows: 0 },
    release: async () => {},
  };
}

/** One row of an output in the form that its array holds. */
function rowValues({ name, datatype, shape }: TensorSpec, given: Constant[string] | undefined) {
  const width = Math.abs(elementCount(shape.slice(1)));
  const values = given === undefined ? new Array(width).fill(datatype === 'BYTES' ? '' : 0) : [given].flat();
  if (values.length !== width) {
    throw servingError(
      'serving.model.refused',
      `The fallback gives ${values.length} values for the output "${name}", which has ${width} a row.`,
    );
  }
  return values.map((value) => {
    if (datatype === 'BYTES') return String(value);
    const number = Number(value);
    if (Number.isNaN(number))
      throw servingError(
        'serving.model.refused',
        `The fallback gives the output "${name}" a value that is no number.`,
      );
    return datatype === 'INT64' || datatype === 'UINT64' ? BigInt(Math.round(number)) : number;
  });
}
