import Type, { type Static } from 'typebox';
import { type StepKind, stepOutcome } from '../../platform/engines/steps.ts';
import type { Json, JsonObject } from '../../platform/json.ts';
import type { DataDoor } from '../data/index.ts';
import { durationMs } from './definition.model.ts';
import { featuresError } from './features.errors.ts';
import { getService, serviceSubject } from './features.service.ts';
import { parseTime } from './online/vectorizer.ts';

/** `with` of features/training-set. */
export const TrainingSetWith = Type.Object(
  {
    service: Type.String({ description: 'Name of the feature service' }),
    digest: Type.Optional(Type.String({ description: 'Of the service; default: the current one' })),
    version: Type.Optional(
      Type.Union([Type.Integer(), Type.String()], { description: 'Of the dataset; default: latest' }),
    ),
    from: Type.Optional(Type.String({ description: 'First event time, ISO; empty: from the start' })),
    until: Type.Optional(Type.String({ description: 'Event times before this one, ISO; empty: to the end' })),
    last: Type.Optional(Type.String({ description: 'Only this much before `until`, for example 60d' })),
    sample: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  },
  { additionalProperties: false },
);
type TrainingSetInput = Static<typeof TrainingSetWith>;

/** The step that makes a point-in-time correct training set of a dataset version. */
export function trainingSetStep(data: Pick<DataDoor, 'versionParts'>): StepKind {
  return {
    name: 'features/training-set',
    version: '1',
    runs: 'process',
    summary: 'Computes the features of every row of a dataset version as they were known at its time.',
    inputs: TrainingSetWith,
    async prepare(scope, values): Promise<JsonObject> {
      const input = values as unknown as TrainingSetInput;
      const service = await getService(scope, input.service, input.digest || undefined);
      const wanted = input.version === undefined || input.version === '' ? 'latest' : input.version;
      const parts = await data.versionParts(
        scope,
        service.source,
        wanted === 'latest' ? wanted : Number(wanted),
      );
      return {
        service: service.name,
        serviceDigest: service.digest,
        definition: service.definition as unknown as Json,
        dataset: parts.dataset,
        datasetVersion: parts.version,
        parts: parts.digests.map((digest, i) => ({ digest, size: 0, path: parts.paths[i] })),
        ...range(input),
      };
    },
    async commit(_tx, result) {
      const { dataset, datasetVersion, service, serviceDigest } = result.input;
      const uses = [
        `dataset:${dataset}@${datasetVersion}`,
        serviceSubject(String(service), String(serviceDigest)),
      ];
      return stepOutcome({ outputs: {}, uses });
    },
  };
}

function range(input: TrainingSetInput): JsonObject {
  const from = time('from', input.from);
  const until = time('until', input.until);
  const range: JsonObject = {};
  if (from !== undefined) range.from = from;
  if (until !== undefined) range.until = until;
  if (input.sample !== undefined) range.sample = input.sample;
  if (input.last) {
    if (!/^[1-9][0-9]{0,6}[smhdw]$/.test(input.last)) {
      throw featuresError('features.inputs.invalid', '"last" is no duration such as 60d.');
    }
    range.last = durationMs(input.last);
  }
  return range;
}

function time(name: string, text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const value = parseTime(text);
  if (Number.isNaN(value))
    throw featuresError('features.inputs.invalid', `"${name}" is no time such as 2001-02-01.`);
  return value;
}
