import { shortDigest } from '../../../platform/json.ts';
import type { Feature, FeatureService } from '../definition.model.ts';
import type { Value, ValueType } from '../expression/expression.ts';
import { tileOf, unitsPerOne } from '../windows.model.ts';
import type { KeyTiles } from './tiles.ts';
import { keyOf, type OnlineView } from './view.ts';

/** Columns of a request: one array a column, all of one length. Times are milliseconds or ISO text. */
export type VectorInputs = { readonly [column: string]: ArrayLike<unknown> | undefined };

export type FeatureStatus = 'PRESENT' | 'NOT_FOUND' | 'NULL_VALUE' | 'OUTSIDE_MAX_AGE';

/** Makes feature vectors for live requests; synchronous, meant for the prediction path. */
export type Vectorizer = {
  /** `NAME@DIGEST12` */
  readonly ref: string;
  readonly service: string;
  readonly digest: string;
  /** Names of a vector's entries, in order. */
  readonly features: readonly string[];
  /** Columns that a live request carries. */
  readonly inputs: readonly { name: string; type: RequestType }[];
  /** Which of the inputs holds the event time. */
  readonly timeInput: string;
  /**
   * Fills `out` (rows × features, row after row) for `times.length` requests at these event times (ms); a missing
   * value is NaN. `statuses`, when given, gets one entry for each entry of `out`.
   */
  fill(inputs: VectorInputs, times: ArrayLike<number>, out: Float32Array, statuses?: FeatureStatus[]): void;
};

type RequestType = 'string' | 'number' | 'timestamp' | 'boolean';

/** A value from outside as a value of a column: times become whole milliseconds; what does not fit becomes null. */
export function toColumnValue(value: unknown, type: ValueType): Value {
  if (value === null || value === undefined) return null;
  if (type === 'string') return typeof value === 'string' ? value : String(value);
  if (type === 'boolean')
    return typeof value === 'boolean' ? value : typeof value === 'number' ? value !== 0 : null;
  const number = typeof value === 'number' ? value : typeof value === 'bigint' ? Number(value) : null;
  if (type === 'number') return number ?? (typeof value === 'boolean' ? Number(value) : null);
  const time = number ?? (typeof value === 'string' ? parseTime(value) : Number.NaN);
  return Number.isNaN(time) || Math.abs(time) > 8e15 ? null : Math.floor(time);
}

/** Milliseconds of ISO text; a time without a zone is UTC. NaN when it is none. */
export function parseTime(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text);
  return match ? Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? 'Z'}`) : Number.NaN;
}

/** Compiles the vectorizer of a view. */
export function createVectorizer(view: OnlineView): Vectorizer {
  const { service } = view;
  const width = service.features.length;
  const inputs = Object.entries(service.request).map(([name, type]) => ({ name, type: type as RequestType }));
  const derived = service.derived.filter(({ expression }) =>
    [...expression.uses].every((name) => reachable(service, name)),
  );
  const row: Record<string, Value> = {};
  const found = new Array<KeyTiles | undefined>(service.lookups.length);
  const writers = service.features.map((feature) => writer(view, feature, row, found));

  const columns = inputs.filter(({ name }) => name !== service.eventTime);
  return {
    ref: `${service.name}@${shortDigest(service.digest)}`,
    service: service.name,
    digest: service.digest,
    features: service.features.map(({ name }) => name),
    inputs,
    timeInput: service.eventTime,
    fill(given, times, out, statuses) {
      for (let i = 0; i < times.length; i++) {
        for (const { name, type } of columns) row[name] = toColumnValue(given[name]?.[i], type);
        row[service.eventTime] = toColumnValue(times[i], 'timestamp');
        for (const { name, expression } of derived) row[name] = expression.evaluate(row);
        for (let l = 0; l < found.length; l++) {
          const { group, columns: lookup } = service.lookups[l];
          const key = lookup.length === 0 ? 0 : keyOf(row, lookup);
          found[l] = key === null ? undefined : view.groups[group].keys.get(key);
        }
        const at = i * width;
        for (let f = 0; f < width; f++) out[at + f] = writers[f].value();
        if (statuses) for (let f = 0; f < width; f++) statuses.push(writers[f].status(out[at + f]));
      }
    },
  };
}

/** Whether a column comes from the request alone. */
function reachable(service: FeatureService, name: string): boolean {
  if (Object.hasOwn(service.request, name)) return true;
  const derived = service.derived.find((one) => one.name === name);
  return derived !== undefined && [...derived.expression.uses].every((used) => reachable(service, used));
}

type Writer = { value(): number; status(value: number): FeatureStatus };

function writer(
  view: OnlineView,
  feature: Feature,
  row: Record<string, Value>,
  found: readonly (KeyTiles | undefined)[],
): Writer {
  if (feature.kind === 'expression') {
    const { evaluate } = feature.expression;
    return {
      value() {
        const value = evaluate(row);
        return value === null ? Number.NaN : Number(value);
      },
      status: (value) => (Number.isNaN(value) ? 'NULL_VALUE' : 'PRESENT'),
    };
  }
  const { aggregate, lookup, tiles: length } = feature;
  const state = view.groups[feature.group];
  const { grain } = state.group;
  const { eventTime } = view.service;
  const counts = aggregate === 'count' ? 0 : 1 + 2 * feature.value;
  const sums = 2 + 2 * feature.value;
  const empty = aggregate === 'mean' ? Number.NaN : 0;
  return {
    value() {
      const time = row[eventTime];
      if (typeof time !== 'number') return Number.NaN;
      const tiles = found[lookup];
      if (!tiles) return empty;
      const end = tileOf(time, grain);
      const upper = tiles.lastBefore(end);
      const lower = tiles.lastBefore(end - length);
      if (aggregate === 'count') return tiles.between(lower, upper, counts);
      const sum = tiles.between(lower, upper, sums);
      if (aggregate === 'sum') return sum / unitsPerOne;
      const count = tiles.between(lower, upper, counts);
      return count === 0 ? Number.NaN : sum / count / unitsPerOne;
    },
    status(value) {
      const time = row[eventTime];
      if (typeof time !== 'number') return 'NULL_VALUE';
      if (tileOf(time, grain) - length < state.pruned) return 'OUTSIDE_MAX_AGE';
      return Number.isNaN(value) ? 'NOT_FOUND' : 'PRESENT';
    },
  };
}
