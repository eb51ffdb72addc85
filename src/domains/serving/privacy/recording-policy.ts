import type { PredictionRecord } from '../recorder/prediction-log.ts';
import { isChallengers } from '../rollouts/rollout.model.ts';
import type { FieldHash } from './install-secret.ts';
import type { RecordingSpecInput } from './recording.contract.ts';
import { joinColumns, splitColumns } from './request-columns.ts';

export type Redaction = 'drop' | 'hash' | 'mask';
export type FieldRule = { redact: Redaction | null; retentionDays: number | null };

/** What of a record is written. Called between the answer and the file, only where something is declared. */
export type RecordingPolicy = (record: PredictionRecord) => PredictionRecord;

/** The rules of each declared field, in one form. */
export function fieldRules(spec: RecordingSpecInput | undefined): Map<string, FieldRule> {
  const rules = new Map<string, FieldRule>();
  for (const [name, rule] of Object.entries(spec?.fields ?? {})) {
    const given = typeof rule === 'string' ? { redact: rule } : rule;
    rules.set(name, { redact: given.redact ?? null, retentionDays: given.retentionDays ?? null });
  }
  return rules;
}

/** Whether a column of the vector (`pixels[3]`) belongs to a field (`pixels`, or the very column). */
export function isOfField(column: string, field: string): boolean {
  return column === field || (column.startsWith(`${field}[`) && column.endsWith(']'));
}

/** Whether the request with this id is kept whole; always the same for one id and share. */
export function isSampled(id: string, share: number): boolean {
  return isChallengers(id, 'recording', share * 100);
}

export type PolicyNeeds = {
  hash: FieldHash;
  /** Names of the vector's columns of a revision; undefined when it is not at hand. */
  featuresOf(revision: string): readonly string[] | undefined;
};

/**
 * What a deployment declares about its records, or null when all is kept. Not sampled: id, times, arm, latency and the
 * entity stay (and the scores during a rollout, whose evidence they are); the rest is not written. A failed request is
 * always kept whole.
 */
export function recordingPolicy(
  spec: { recording?: RecordingSpecInput; entity?: readonly string[] },
  needs: PolicyNeeds,
): RecordingPolicy | null {
  const share = spec.recording?.sample ?? 1;
  const entity = new Set(spec.entity ?? []);
  const redacted = new Map<string, Redaction>();
  for (const [name, { redact }] of fieldRules(spec.recording)) if (redact) redacted.set(name, redact);
  if (share === 1 && redacted.size === 0) return null;
  const places = new Map<string, number[]>();
  const placesOf = (revision: string) => {
    const known = places.get(revision);
    if (known || redacted.size === 0) return known ?? [];
    const fields = [...redacted.keys()];
    const found = needs
      .featuresOf(revision)
      ?.flatMap((name, i) => (fields.some((field) => isOfField(name, field)) ? [i] : []));
    if (found) places.set(revision, found);
    return found;
  };
  const cover = (name: string, values: string, how: Redaction) =>
    JSON.stringify(
      (JSON.parse(values) as unknown[]).map((value) => redactValue(name, value, how, needs.hash)),
    );
  const rewrite = (inputs: string, keeps: (name: string) => boolean) => {
    const columns = splitColumns(inputs);
    // What cannot be read column by column cannot be covered column by column.
    if (!columns) return null;
    return joinColumns(
      columns
        .filter(({ name }) => keeps(name) && redacted.get(name) !== 'drop')
        .map((column) => {
          const how = redacted.get(column.name);
          return how ? { ...column, values: cover(column.name, column.values, how) } : column;
        }),
    );
  };
  return (record) => {
    const isWhole = record.error !== null || isSampled(record.id, share);
    const inputs =
      record.inputs === null || (isWhole && redacted.size === 0)
        ? record.inputs
        : rewrite(record.inputs, isWhole ? () => true : (name) => entity.has(name));
    if (!isWhole) {
      const scores = record.rollout === null ? null : record.scores;
      return { ...record, inputs, features: null, scores, weight: 0 };
    }
    const weight = share === 1 || record.error !== null ? {} : { weight: 1 / share };
    return { ...record, ...weight, inputs, features: without(record, placesOf(record.revision)) };
  };
}

/** The vectors with NaN at the places of redacted columns. They are the model's own, so a copy is changed. */
function without(
  { features, width }: PredictionRecord,
  places: readonly number[] | undefined,
): PredictionRecord['features'] {
  // Without the names nobody can tell which columns are to be covered.
  if (places === undefined) return null;
  if (features === null || places.length === 0) return features;
  const copy = Float64Array.from(features);
  for (let row = 0; row < copy.length; row += width)
    for (const place of places) copy[row + place] = Number.NaN;
  return copy;
}

/** One value as it may be written; a missing one stays missing. */
export function redactValue(field: string, value: unknown, how: Redaction, hash: FieldHash): unknown {
  if (value === null || value === undefined || how === 'drop') return null;
  const text = String(value);
  if (how === 'hash') return hash(field, text);
  return text.length > 3 ? `${[...text][0]}***` : '***';
}
