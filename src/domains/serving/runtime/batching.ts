import { performance } from 'node:perf_hooks';
import type { JoinedRuns } from '../meter/meter.ts';
import type { OnnxSession } from './onnx-session.ts';
import { allocate, elementCount, type NamedTensor, type TensorData, type TensorSpec } from './tensors.ts';

type Run = (feeds: readonly NamedTensor[]) => Promise<NamedTensor[]>;
type Waiting = {
  feeds: readonly NamedTensor[];
  rows: number;
  resolve(outputs: NamedTensor[]): void;
  reject(error: unknown): void;
};

/** Rows of one joint run that are tried; there are no larger ones, so that nobody waits long for the company it got. */
const rowsTried = [16, 32, 64, 128, 256];
const triesEach = 5;
/** A longer run tells enough of its size, and of those beyond it. */
const longTryMs = 4;
/** A size is as good as the best one when a row costs at most so many times as much; other work disturbs a try. */
const asGood = 1.6;
const probeTolerance = 1e-5;

/**
 * Joins the runs that arrive in one turn of the event loop, or while another run is under way, into one run, and
 * gives each its own rows back. Nobody waits for requests that are not there yet. Only for models whose rows are independent: every first dimension is free, all others are
 * fixed, and a probe of two rows gives together what it gives apart. When a joint run fails, each runs alone, so
 * that a bad request fails by itself. No joint run is larger than what costs least by the row. `onDone` hears how many
 * runs have ended, well or not; `joined` counts those that shared one.
 */
export async function batched(
  session: OnnxSession,
  onDone: (runs: number) => void = () => {},
  joined: JoinedRuns = { runs: 0, into: 0 },
): Promise<Run> {
  if (!(await rowsAreIndependent(session))) {
    return (feeds) => session.run(feeds).finally(() => onDone(1));
  }
  const mostRows = await cheapestRows(session);
  const waiting: Waiting[] = [];
  let running = false;

  const runAll = async (batch: Waiting[]) => {
    if (batch.length > 1) {
      try {
        const outputs = await session.run(join(batch));
        split(outputs, batch);
        joined.runs += batch.length;
        joined.into++;
        return;
      } catch {
        // Somebody's rows broke the run: find out whose.
      }
    }
    for (const { feeds, resolve, reject } of batch) await session.run(feeds).then(resolve, reject);
  };
  const drain = async () => {
    while (waiting.length > 0) {
      const batch = takeBatch(waiting, mostRows);
      await runAll(batch);
      onDone(batch.length);
    }
    running = false;
  };
  return (feeds) =>
    new Promise((resolve, reject) => {
      waiting.push({ feeds, rows: feeds[0].shape[0], resolve, reject });
      if (running) return;
      running = true;
      setImmediate(drain);
    });
}

function takeBatch(waiting: Waiting[], mostRows: number): Waiting[] {
  let rows = 0;
  let count = 0;
  while (count < waiting.length && (count === 0 || rows + waiting[count].rows <= mostRows)) {
    rows += waiting[count].rows;
    count++;
  }
  return waiting.splice(0, count);
}

function join(batch: readonly Waiting[]): NamedTensor[] {
  const rows = batch.reduce((sum, one) => sum + one.rows, 0);
  return batch[0].feeds.map((first, i) => {
    const shape = [rows, ...first.shape.slice(1)];
    const data = allocate(first.datatype, elementCount(shape)) as Float32Array;
    let at = 0;
    for (const { feeds } of batch) {
      const feed = feeds[i].name === first.name ? feeds[i] : feeds.find(({ name }) => name === first.name);
      const part = feed?.data as Float32Array;
      data.set(part, at);
      at += part.length;
    }
    return { name: first.name, datatype: first.datatype, shape, data };
  });
}

function split(outputs: readonly NamedTensor[], batch: readonly Waiting[]): void {
  let row = 0;
  const inner = outputs.map(({ shape }) => shape.slice(1));
  const widths = inner.map(elementCount);
  for (const { rows, resolve } of batch) {
    const from = row;
    row += rows;
    resolve(
      outputs.map(({ name, datatype, data }, i) => ({
        name,
        datatype,
        shape: [rows, ...inner[i]],
        data: data.slice(from * widths[i], (from + rows) * widths[i]) as TensorData,
      })),
    );
  }
}

/**
 * The most rows of a run at which a row costs about the least. More is not always cheaper: the runtime evaluates the same
 * trees three times as slowly from some hundred rows on.
 */
async function cheapestRows(session: OnnxSession): Promise<number> {
  const costs: { rows: number; cost: number }[] = [];
  for (const rows of rowsTried) {
    const feeds = probe(session.inputs, 0.5, rows);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < triesEach && !(least > longTryMs && i > 0); i++) {
      const start = performance.now();
      await session.run(feeds);
      least = Math.min(least, performance.now() - start);
    }
    costs.push({ rows, cost: least / rows });
    if (least > longTryMs) break;
  }
  const best = Math.min(...costs.map(({ cost }) => cost));
  return Math.max(...costs.filter(({ cost }) => cost <= best * asGood).map(({ rows }) => rows));
}

/** Rows that are all alike. */
function probe(inputs: readonly TensorSpec[], value: number, rows: number): NamedTensor[] {
  return inputs.map(({ name, datatype, shape }) => {
    const whole = [rows, ...shape.slice(1)];
    const data = allocate(datatype, elementCount(whole));
    if (data instanceof Float32Array || data instanceof Float64Array) data.fill(value);
    return { name, datatype, shape: whole, data };
  });
}

async function rowsAreIndependent(session: OnnxSession): Promise<boolean> {
  const { inputs, outputs } = session;
  const isFree = ({ shape, datatype }: { shape: readonly number[]; datatype: string }) =>
    shape[0] === -1 && !shape.slice(1).includes(-1) && datatype !== 'BYTES';
  if (!inputs.every(isFree) || !outputs.every(isFree)) return false;
  const one = (value: number): Waiting => ({
    feeds: probe(inputs, value, 1),
    rows: 1,
    resolve: () => {},
    reject: () => {},
  });
  try {
    const batch = [one(0), one(0.5)];
    const apart = [await session.run(batch[0].feeds), await session.run(batch[1].feeds)];
    const together = await session.run(join(batch));
    const parts: NamedTensor[][] = [];
    split(
      together,
      batch.map((one) => ({ ...one, resolve: (outputs) => void parts.push(outputs) })),
    );
    return parts.every((part, row) => part.every((tensor, i) => isClose(tensor.data, apart[row][i].data)));
  } catch {
    return false;
  }
}

/** Whether two results are the same but for rounding. */
export function isClose(a: TensorData, b: TensorData): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number(a[i]), Number(b[i])];
    if (!Object.is(x, y) && !(Math.abs(x - y) <= probeTolerance * Math.max(1, Math.abs(x)))) return false;
  }
  return true;
}
