import { addColumns } from '../graphs/request-columns.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { elementCount, type NamedTensor, shapeFits, type TensorSpec } from '../runtime/tensors.ts';
import { servingError } from '../serving.errors.ts';
import { columnHead, type FeatureSource } from './feature-port.ts';

/** A request as a revision sees it: what the model is fed, and what is recorded of it. */
export type PreparedRows = {
  rows: number;
  eventTimes: ArrayLike<number>;
  feeds: NamedTensor[];
  /** Row-major vectors to record, or null when they are too large. */
  vectors: ArrayLike<number> | null;
  width: number;
  /** JSON text of the request's columns, or null when the vectors are all of it. */
  inputs: string | null;
};

export type RawRequest = {
  tensors: readonly NamedTensor[];
  parameters: Readonly<Record<string, unknown>>;
  now: number;
};

/** Vectors wider than this (pictures, audio) are served but not recorded. */
const recordedWidth = 2048;
const mostRows = 100_000;
const invalid = (message: string) => servingError('serving.request.invalid', message);

/** Turns a request into what `live` runs on. @throws serving.request.invalid naming the input. */
export function prepareRows(live: LiveRevision, request: Omit<RawRequest, 'now'>, now: number): PreparedRows {
  const raw: RawRequest = { tensors: request.tensors, parameters: request.parameters, now };
  const prepared = live.source ? fromFeatures(live, live.source, raw) : fromTensors(live, raw);
  if (prepared.rows > mostRows) throw invalid(`A request has at most ${mostRows} rows; send several.`);
  return prepared;
}

function fromFeatures(live: LiveRevision, source: FeatureSource, request: RawRequest): PreparedRows {
  const { tensors } = request;
  const rows = tensors[0]?.shape[0] ?? 0;
  if (rows < 1) throw invalid('The request has no rows.');
  const columns: Record<string, ArrayLike<unknown>> = {};
  let times = timesOf(request, rows);
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i];
    // Callers mostly keep the order that the metadata gives.
    const likely = source.columns[i];
    const input =
      likely?.name === tensor.name ? likely : source.columns.find(({ name }) => name === tensor.name);
    if (!input) throw invalid(`There is no input "${tensor.name}".`);
    if (tensor.shape[0] !== rows || (tensor.shape.length > 1 && elementCount(tensor.shape) !== rows)) {
      throw invalid(`The input "${tensor.name}" needs one value for each of the ${rows} rows.`);
    }
    const isTime = tensor.name === source.timeColumn;
    const values =
      input.type === 'timestamp'
        ? toTimes(tensor)
        : input.type === 'number'
          ? toNumbers(tensor)
          : tensor.data;
    // The service's own name: a key that came with the request would be looked up among all names first.
    columns[input.name] = values;
    if (isTime && times === undefined) times = values as ArrayLike<number>;
  }
  const eventTimes = times ?? filled(rows, request.now);
  for (const { name } of source.columns) {
    if (Object.hasOwn(columns, name)) continue;
    if (name !== source.timeColumn) throw invalid(`The input "${name}" is missing.`);
    columns[name] = eventTimes;
  }
  const { width } = source;
  const vectors = new Float32Array(rows * width);
  source.vectorizer.fill(columns, eventTimes, vectors);
  const { inputs } = live.runner;
  const feeds: NamedTensor[] = [
    { name: inputs[0].name, datatype: 'FP32', shape: [rows, width], data: vectors },
  ];
  if (inputs.length > 1) addColumns(feeds, inputs, columns, rows);
  return { rows, eventTimes, feeds, vectors, width, inputs: columnsJson(columns, source.heads) };
}

function fromTensors(live: LiveRevision, request: RawRequest): PreparedRows {
  const specs = live.runner.inputs;
  const feeds: NamedTensor[] = [];
  let times: ArrayLike<number> | undefined;
  for (const tensor of request.tensors) {
    const spec = specs.find(({ name }) => name === tensor.name);
    if (!spec) {
      if (tensor.name !== 'event_time') throw invalid(`There is no input "${tensor.name}".`);
      times = toTimes(tensor);
      continue;
    }
    checkTensor(tensor, spec);
    feeds.push(tensor);
  }
  for (let i = 0; i < specs.length; i++) {
    const { name } = specs[i];
    const at = feeds.findIndex((feed) => feed.name === name);
    if (at < 0) throw invalid(`The input "${name}" is missing.`);
    // In the model's order, whatever the caller's: the recorded columns are named by it.
    if (at !== i) [feeds[i], feeds[at]] = [feeds[at], feeds[i]];
  }
  const rows = rowsOf(specs, feeds);
  if (times && times.length !== rows)
    throw invalid(`The input "event_time" needs one value for each of the ${rows} rows.`);
  const eventTimes = times ?? timesOf(request, rows) ?? filled(rows, request.now);
  return { rows, eventTimes, feeds, ...recordedVectors(feeds, rows) };
}

function checkTensor({ name, datatype, shape }: NamedTensor, spec: TensorSpec): void {
  if (datatype !== spec.datatype) throw invalid(`The input "${name}" is ${spec.datatype}, not ${datatype}.`);
  if (shapeFits(shape, spec.shape)) return;
  throw invalid(`The input "${name}" has the shape [${spec.shape.join(',')}], not [${shape.join(',')}].`);
}

/** Rows of a batch: the first dimension where the model leaves it free, else one. */
function rowsOf(specs: readonly TensorSpec[], feeds: readonly NamedTensor[]): number {
  let rows = 0;
  for (const feed of feeds) {
    const spec = specs.find(({ name }) => name === feed.name);
    if (spec?.shape[0] !== -1) continue;
    if (rows !== 0 && feed.shape[0] !== rows) {
      throw invalid(`The input "${feed.name}" has ${feed.shape[0]} rows, another one has ${rows}.`);
    }
    rows = feed.shape[0];
  }
  const isFixed = !specs.some((spec) => spec.shape[0] === -1);
  if (isFixed) return 1;
  if (rows < 1) throw invalid('The request has no rows.');
  return rows;
}

/** Names of the recorded vector's columns for a model without a feature service; empty when it is not recorded. */
export function rawFeatureNames(specs: readonly TensorSpec[]): string[] {
  const names: string[] = [];
  for (const { name, datatype, shape } of specs) {
    if (datatype === 'BYTES') continue;
    const width = elementCount(shape.slice(1));
    if (width < 0 || names.length + width > recordedWidth) return [];
    if (shape.length <= 1 || width === 1) names.push(name);
    else for (let i = 0; i < width; i++) names.push(`${name}[${i}]`);
  }
  return names;
}

function recordedVectors(
  feeds: readonly NamedTensor[],
  rows: number,
): Pick<PreparedRows, 'vectors' | 'width' | 'inputs'> {
  const texts: Record<string, ArrayLike<unknown>> = {};
  const numeric: NamedTensor[] = [];
  for (const feed of feeds) {
    if (feed.datatype === 'BYTES') texts[feed.name] = feed.data;
    else numeric.push(feed);
  }
  const inputs = feeds.length === numeric.length ? null : columnsJson(texts);
  if (numeric.length === 1 && numeric[0].datatype === 'FP32') {
    const width = numeric[0].data.length / rows;
    const fits = width <= recordedWidth;
    return { vectors: fits ? (numeric[0].data as Float32Array) : null, width, inputs };
  }
  const widths = numeric.map((feed) => feed.data.length / rows);
  const width = widths.reduce((sum, one) => sum + one, 0);
  if (width > recordedWidth) return { vectors: null, width, inputs };
  const vectors = new Float64Array(rows * width);
  let offset = 0;
  numeric.forEach(({ data }, i) => {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < widths[i]; column++) {
        vectors[row * width + offset + column] = Number(data[row * widths[i] + column]);
      }
    }
    offset += widths[i];
  });
  return { vectors, width, inputs };
}

/** Columns as JSON text; `heads` may hold names that are spelt as JSON already. */
function columnsJson(
  columns: Record<string, ArrayLike<unknown>>,
  heads?: ReadonlyMap<string, string>,
): string {
  let text = '{';
  for (const name in columns) {
    if (text.length > 1) text += ',';
    const values = columns[name];
    text += heads?.get(name) ?? columnHead(name);
    for (let i = 0; i < values.length; i++) {
      if (i > 0) text += ',';
      const value = values[i];
      if (typeof value === 'string') text += jsonString(value);
      else if (typeof value === 'number') text += value - value === 0 ? value : 'null';
      else text += String(value);
    }
    text += ']';
  }
  return `${text}}`;
}

/** Short plain texts (airports, dates, categories) need no escape, and a look at them is cheaper than the runtime. */
function jsonString(text: string): string {
  if (text.length > 32) return JSON.stringify(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return JSON.stringify(text);
  }
  return `"${text}"`;
}

function timesOf({ parameters }: RawRequest, rows: number): ArrayLike<number> | undefined {
  const value = parameters.event_time;
  if (value === undefined) return undefined;
  const time = parseTime(value);
  if (Number.isNaN(time))
    throw invalid('The parameter "event_time" is neither an ISO time nor milliseconds.');
  return filled(rows, time);
}

function filled(rows: number, value: number): ArrayLike<number> {
  return rows === 1 ? [value] : new Float64Array(rows).fill(value);
}

function toNumbers({ data, datatype }: NamedTensor): ArrayLike<number> {
  if (datatype !== 'INT64' && datatype !== 'UINT64' && datatype !== 'BYTES') return data as Float64Array;
  const values = new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) values[i] = Number(data[i]);
  return values;
}

function toTimes(tensor: NamedTensor): ArrayLike<number> {
  const { data, name } = tensor;
  const times = data.length === 1 ? [0] : new Float64Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    times[i] = parseTime(typeof value === 'bigint' ? Number(value) : value);
    if (Number.isNaN(times[i])) throw invalid(`The input "${name}" is neither an ISO time nor milliseconds.`);
  }
  return times;
}

/** A time as milliseconds: a number is taken as such, a text as ISO (UTC unless it names a zone). NaN otherwise. */
export function parseTime(value: unknown): number {
  if (typeof value === 'number') return Math.abs(value) <= 8.64e15 ? value : Number.NaN;
  if (typeof value !== 'string' || value.length < 8 || value.length > 40) return Number.NaN;
  const plain = plainIsoTime(value);
  if (plain !== undefined) return plain;
  if (/^-?\d+$/.test(value)) return parseTime(Number(value));
  const iso = value[10] === ' ' ? `${value.slice(0, 10)}T${value.slice(11)}` : value;
  const hasZone = iso.length <= 10 || /(?:Z|[+-]\d\d:?\d\d)$/i.test(iso);
  return Date.parse(hasZone ? iso : `${iso}Z`);
}

/**
 * The usual form by hand, `2001-04-01T12:34:56` with or without a Z; undefined for every other form, and for days
 * that not every month has.
 */
function plainIsoTime(text: string): number | undefined {
  const { length } = text;
  if (length !== 19 && !(length === 20 && text[19] === 'Z')) return undefined;
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return undefined;
  if (text[10] !== 'T' && text[10] !== ' ') return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  const second = twoDigits(text, 17);
  const isPlain = year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= (month === 2 ? 28 : 30);
  if (!isPlain || !(hour < 24 && minute < 60 && second < 60)) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** NaN when one of the two is no digit. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
