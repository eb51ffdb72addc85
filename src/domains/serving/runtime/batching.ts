import type { JoinedRuns } from '../meter/meter.ts';
import type { OnnxSession } from './onnx-session.ts';
import { allocate, elementCount, type NamedTensor, type TensorData } from './tensors.ts';

type Run = (feeds: readonly NamedTensor[]) => Promise<NamedTensor[]>;
type Waiting = {
  feeds: readonly NamedTensor[];
  rows: number;
  resolve(outputs: NamedTensor[]): void;
  reject(error: unknown): void;
};

/** Rows of one joint run, so that nobody waits long for the company it got. */
const mostRows = 256;
const probeTolerance = 1e-5;

/**
 * Joins the runs that arrive in one turn of the event loop, or while another run is under way, into one run, and
 * gives each its own rows back. Nobody waits for requests that are not there yet. Only for models whose rows are independent: every first dimension is free, all others are
 * fixed, and a probe of two rows gives together what it gives apart. When a joint run fails, each runs alone, so
 * that a bad request fails by itself. `onDone` hears how many runs have ended, well or not; `joined` counts those that
 * shared one.
 */
export async function batched(
  session: OnnxSession,
  onDone: (runs: number) => void = () => {},
  joined: JoinedRuns = { runs: 0, into: 0 },
): Promise<Run> {
  if (!(await rowsAreIndependent(session))) {
    return (feeds) => session.run(feeds).finally(() => onDone(1));
  }
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
      const batch = takeBatch(waiting);
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

function takeBatch(waiting: Waiting[]): Waiting[] {
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

async function rowsAreIndependent(session: OnnxSession): Promise<boolean> {
  const { inputs, outputs } = session;
  const isFree = ({ shape, datatype }: { shape: readonly number[]; datatype: string }) =>
    shape[0] === -1 && !shape.slice(1).includes(-1) && datatype !== 'BYTES';
  if (!inputs.every(isFree) || !outputs.every(isFree)) return false;
  const probe = (value: number): Waiting => ({
    feeds: inputs.map(({ name, datatype, shape }) => {
      const one = [1, ...shape.slice(1)];
      const data = allocate(datatype, elementCount(one));
      if (data instanceof Float32Array || data instanceof Float64Array) data.fill(value);
      return { name, datatype, shape: one, data };
    }),
    rows: 1,
    resolve: () => {},
    reject: () => {},
  });
  try {
    const batch = [probe(0), probe(0.5)];
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
