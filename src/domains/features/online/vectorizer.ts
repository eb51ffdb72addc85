import { shortDigest } from '../../../platform/digest.ts';
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
  const spans = createSpans(view);
  const writers = service.features.map((feature) => writer(view, feature, row, spans));

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
        for (let c = 0; c < columns.length; c++) {
          const { name, type } = columns[c];
          row[name] = toColumnValue(given[name]?.[i], type);
        }
        const time = toColumnValue(times[i], 'timestamp');
        row[service.eventTime] = time;
        for (let d = 0; d < derived.length; d++) row[derived[d].name] = derived[d].expression.evaluate(row);
        findSpans(spans, row, typeof time === 'number' ? time : Number.NaN);
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

/** One look-up of the present row: the key's tiles, and where each window over them begins and ends. */
type Span = {
  readonly keys: ReadonlyMap<Value, KeyTiles>;
  readonly columns: readonly string[];
  readonly grain: number;
  tiles: KeyTiles | undefined;
  /** Number of the tile that the present time lies in; NaN when the time is not known. */
  end: number;
  upper: number;
  /** Window lengths in tiles, each once, and the index before their first tile. */
  readonly lengths: number[];
  readonly lower: number[];
};

/** Features over the same key and window share the searches for it. */
function createSpans(view: OnlineView): Span[] {
  return view.service.lookups.map(({ group, columns }, lookup) => {
    const { keys, group: of } = view.groups[group];
    const windows = view.service.features.filter((feature) => feature.kind !== 'expression');
    const lengths = [...new Set(windows.filter((one) => one.lookup === lookup).map(({ tiles }) => tiles))];
    return {
      keys: keys as ReadonlyMap<Value, KeyTiles>,
      columns,
      grain: of.grain,
      tiles: undefined,
      end: Number.NaN,
      upper: -1,
      lengths,
      lower: lengths.map(() => -1),
    };
  });
}

function findSpans(spans: readonly Span[], row: Record<string, Value>, time: number): void {
  for (let s = 0; s < spans.length; s++) {
    const span = spans[s];
    const key = span.columns.length === 0 ? 0 : keyOf(row, span.columns);
    const tiles = key === null ? undefined : span.keys.get(key);
    span.tiles = tiles;
    span.end = tileOf(time, span.grain);
    if (tiles === undefined || Number.isNaN(span.end)) continue;
    span.upper = tiles.lastBefore(span.end);
    for (let l = 0; l < span.lengths.length; l++) {
      span.lower[l] = tiles.lastBefore(span.end - span.lengths[l]);
    }
  }
}

type Writer = { value(): number; status(value: number): FeatureStatus };

function writer(
  view: OnlineView,
  feature: Feature,
  row: Record<string, Value>,
  spans: readonly Span[],
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
  const span = spans[lookup];
  const place = span.lengths.indexOf(length);
  const counts = aggregate === 'count' ? 0 : 1 + 2 * feature.value;
  const sums = 2 + 2 * feature.value;
  const empty = aggregate === 'mean' ? Number.NaN : 0;
  return {
    value() {
      const { tiles, end, upper } = span;
      if (Number.isNaN(end)) return Number.NaN;
      if (tiles === undefined) return empty;
      const lower = span.lower[place];
      if (aggregate === 'count') return tiles.between(lower, upper, counts);
      const sum = tiles.between(lower, upper, sums);
      if (aggregate === 'sum') return sum / unitsPerOne;
      const count = tiles.between(lower, upper, counts);
      return count === 0 ? Number.NaN : sum / count / unitsPerOne;
    },
    status(value) {
      if (Number.isNaN(span.end)) return 'NULL_VALUE';
      if (span.end - length < state.pruned) return 'OUTSIDE_MAX_AGE';
      return Number.isNaN(value) ? 'NOT_FOUND' : 'PRESENT';
    },
  };
}
