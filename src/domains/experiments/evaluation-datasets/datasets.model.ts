import { createHash } from 'node:crypto';
import { digestJson } from '../../../platform/digest.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { experimentsError } from '../experiments.contract.ts';

/** Questions with expected answers that evaluations run over. */
export type EvaluationDataset = {
  id: string;
  name: string;
  /** Changes with every change of the records. */
  digest: string;
  tags: Record<string, string>;
  /** Names and types of the fields of inputs, outputs and expectations; null before the first record. */
  fields: JsonObject | null;
  records: number;
  experimentIds: number[];
  createdAt: number;
  updatedAt: number;
  createdBy: string | null;
  updatedBy: string | null;
};

export type NewRecord = {
  inputs: JsonObject;
  outputs?: Json;
  expectations?: JsonObject | null;
  tags?: JsonObject | null;
  /** Where it came from: `source_type` and `source_data`. */
  source?: JsonObject | null;
};

export type EvaluationRecord = NewRecord & {
  id: string;
  datasetId: string;
  createdAt: number;
  updatedAt: number;
  createdBy: string | null;
  updatedBy: string | null;
};

const USER_TAG = 'mlflow.user';

/** Who wrote it, in the words of the client. */
export function userOf(tags: JsonObject | null | undefined): string | null {
  const user = tags?.[USER_TAG];
  return typeof user === 'string' ? user : null;
}

export const digestOf = (name: string, updatedAt: number): string =>
  createHash('sha256').update(`${name}:${updatedAt}`).digest('hex').slice(0, 8);

/** Records with the same inputs, in any order of their keys, are one record. */
export const inputDigest = (inputs: JsonObject): string => digestJson(inputs);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Checks records as a client sent them. @throws experiments.input.invalid */
export function readRecords(value: Json): NewRecord[] {
  if (!Array.isArray(value)) throw experimentsError('experiments.input.invalid', 'Records are a list.');
  return value.map((record, i) => {
    if (!isObject(record)) {
      throw experimentsError('experiments.input.invalid', `Record ${i} is not an object.`);
    }
    const { inputs = {}, outputs, expectations, tags, source } = record;
    const parts = { inputs, expectations: expectations ?? {}, tags: tags ?? {}, source: source ?? {} };
    for (const [name, part] of Object.entries(parts)) {
      if (!isObject(part)) {
        throw experimentsError('experiments.input.invalid', `The ${name} of record ${i} are not an object.`);
      }
    }
    return {
      inputs: inputs as JsonObject,
      ...(outputs !== undefined && { outputs }),
      ...(expectations != null && { expectations: expectations as JsonObject }),
      ...(tags != null && { tags: tags as JsonObject }),
      ...(source != null && { source: source as JsonObject }),
    };
  });
}

/** A record with what a newer one of the same inputs brings: outputs replaced, expectations and tags merged. */
export function mergeRecord(old: NewRecord, next: NewRecord): NewRecord {
  return {
    ...old,
    ...('outputs' in next && { outputs: next.outputs! }),
    ...(next.expectations && { expectations: { ...old.expectations, ...next.expectations } }),
    ...(next.tags && { tags: { ...old.tags, ...next.tags } }),
  };
}

function typeName(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'float';
  if (Array.isArray(value)) return 'array';
  return typeof value;
}

/** The known fields and those that records add. */
export function addFields(known: JsonObject | null, records: readonly NewRecord[]): JsonObject {
  const fields: Record<string, Map<string, Json>> = {};
  for (const part of ['inputs', 'outputs', 'expectations'] as const) {
    const before = known?.[part];
    const map = new Map(Object.entries(isObject(before) ? before : {}));
    for (const record of records) {
      const value = record[part];
      if (!isObject(value)) continue;
      for (const [key, one] of Object.entries(value)) if (!map.has(key)) map.set(key, typeName(one));
    }
    fields[part] = map;
  }
  const plain = Object.entries(fields).map(([part, map]) => [part, Object.fromEntries(map)]);
  return { ...Object.fromEntries(plain), version: '1.0' };
}
