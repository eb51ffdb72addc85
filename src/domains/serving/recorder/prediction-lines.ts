import type { LineWriter } from './line-writer.ts';
import { leastPacked, packScores, packVectors } from './packed-vectors.ts';
import type { PairRecord, PredictionRecord } from './prediction-log.ts';

/** Milliseconds to the microsecond. */
const micros = (ms: number) => Math.round(ms * 1000) / 1000;
export const finite = (value: number) => (Number.isFinite(value) ? String(value) : 'null');

function numbers(values: ArrayLike<number>): string {
  let text = '[';
  for (let i = 0; i < values.length; i++) {
    if (i > 0) text += ',';
    const value = values[i];
    text += value - value === 0 ? value : 'null';
  }
  return `${text}]`;
}

type Spelling = Pick<PredictionRecord, 'arm' | 'rollout' | 'rows'> & { bytes: Uint8Array };

const mostSpellings = 16;

/** The part of a line that one request of a revision after the other has in common, spelt once. */
export function createSpelling(): (record: PredictionRecord) => Uint8Array {
  const known = new Map<string, Spelling>();
  return ({ revision, arm, rollout, rows }) => {
    const last = known.get(revision);
    if (last?.arm === arm && last.rollout === rollout && last.rows === rows) return last.bytes;
    const during = rollout === null ? '' : `","ro":"${rollout}`;
    const bytes = Buffer.from(`,"rev":"${revision}","arm":"${arm}${during}","n":${rows},"t":`);
    if (known.size >= mostSpellings) known.clear();
    known.set(revision, { arm, rollout, rows, bytes });
    return bytes;
  };
}

/** Ids that this server makes and names that it gives need no escape, so they stand in the line as they are. */
export function writePrediction(
  lines: LineWriter,
  record: PredictionRecord,
  isRetry: boolean,
  spell: (record: PredictionRecord) => Uint8Array,
): void {
  const { time, eventTimes } = record;
  lines.text('{"id":');
  lines.string(record.id);
  lines.ascii(spell(record));
  lines.number(time);
  lines.text(',"ms":');
  lines.millis(record.latencyMs);
  lines.text(',"cm":');
  lines.millis(record.computeMs);
  const isOneTime = areSame(eventTimes);
  if (!isOneTime || eventTimes[0] !== time) {
    lines.text(',"e":');
    lines.numbers(eventTimes, 0, isOneTime ? 1 : eventTimes.length);
  }
  if (record.inputs !== null) {
    lines.text(',"x":');
    lines.text(record.inputs);
  }
  const isPacked = record.features !== null && record.features.length >= leastPacked;
  if (isPacked) {
    lines.text(',"fb":"');
    lines.ascii(packVectors(record.features as ArrayLike<number>));
    lines.text('"');
  } else if (record.features !== null) {
    lines.text(',"f":');
    writeVectors(lines, record.features, record.width);
  }
  if (record.scores !== null && isPacked && record.rows > 1) {
    lines.text(',"sb":"');
    lines.ascii(packScores(record.scores));
    lines.text('"');
  } else if (record.scores !== null) {
    lines.text(',"s":[');
    for (let i = 0; i < record.scores.length; i++) {
      if (i > 0) lines.text(',');
      lines.double(record.scores[i]);
    }
    lines.text(']');
  }
  if (record.path !== undefined) lines.text(`,"g":${record.path}`);
  if (record.error !== null) lines.text(`,"err":${JSON.stringify(record.error)}`);
  if (record.cached) lines.text(',"hit":1');
  if (record.weight !== undefined) lines.text(`,"w":${record.weight}`);
  lines.text(isRetry ? ',"again":1}' : '}');
  lines.endLine();
}

/** Whether one event time speaks for all rows, as it does when the caller gave none. */
function areSame(times: ArrayLike<number>): boolean {
  for (let i = 1; i < times.length; i++) if (times[i] !== times[0]) return false;
  return times.length > 0;
}

/** Vectors are kept as float32, which is what the model saw. */
function writeVectors(lines: LineWriter, values: ArrayLike<number>, width: number): void {
  for (let at = 0; at < values.length; at += width) {
    lines.text(at === 0 ? '[' : ',');
    lines.numbers(values, at, at + width);
  }
  lines.text(values.length === 0 ? '[]' : ']');
}

export function pairLine(record: PairRecord): string {
  let line = `{"id":${JSON.stringify(record.id)},"t":${record.time},"rev":"${record.revision}"`;
  if (record.rollout !== null) line += `,"ro":"${record.rollout}"`;
  line += `,"cm":${micros(record.computeMs)}`;
  if (record.scores !== null) line += `,"s":${numbers(record.scores)}`;
  if (record.error !== null) line += `,"err":${JSON.stringify(record.error)}`;
  return `${line}}`;
}
