import { readFileSync } from 'node:fs';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { createRandom, type Random } from '../../../../math/random.ts';
import { readOnnx } from '../../../../platform/onnx/onnx-reader.ts';
import type { Tensor as TensorSpec } from '../../registry.contract.ts';
import type { Probe } from '../evidence.model.ts';

/**
 * Program: opens the model named by its argument, runs it on made-up rows and prints a `Probe` as JSON. It runs in
 * a process of its own, so that a model that crashes or hangs takes nothing with it.
 */
type Ort = typeof import('onnxruntime-node');
type Feeds = Record<string, Tensor>;

const RUNS = 300;

async function probe(path: string): Promise<Probe> {
  const ort = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(path, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  } catch (error) {
    return { opened: false, problem: firstLine(error), p99: null, repeatable: null };
  }
  const { inputs } = readOnnx(readFileSync(path));
  try {
    const batch = feeds(ort, inputs, 8, createRandom(1));
    const [first, second] = [await session.run(batch), await session.run(batch)];
    const repeatable = session.outputNames.every((name) => isSame(first[name], second[name]));
    const one = feeds(ort, inputs, 1, createRandom(2));
    const costs: number[] = [];
    const deadline = performance.now() + 10_000;
    for (let run = -20; run < RUNS && performance.now() < deadline; run++) {
      const started = performance.now();
      await session.run(one);
      if (run >= 0) costs.push(performance.now() - started);
    }
    costs.sort((a, b) => a - b);
    return {
      opened: true,
      problem: null,
      p99: costs[Math.ceil(costs.length * 0.99) - 1] ?? null,
      repeatable,
    };
  } catch (error) {
    // Made-up rows may be outside of what the model can take: that says nothing about the model.
    return { opened: true, problem: firstLine(error), p99: null, repeatable: null };
  }
}

function feeds(ort: Ort, inputs: readonly TensorSpec[], rows: number, random: Random): Feeds {
  return Object.fromEntries(
    inputs.map(({ name, datatype, shape }) => {
      const dims = (shape ?? [-1]).map((size, axis) => (size === -1 ? (axis === 0 ? rows : 1) : size));
      const length = dims.reduce((product, size) => product * size, 1);
      return [name, tensor(ort, datatype, dims, length, random)];
    }),
  );
}

function tensor(ort: Ort, datatype: string, dims: number[], length: number, random: Random): Tensor {
  const numbers = Array.from({ length }, () => random.normal());
  switch (datatype) {
    case 'FP32':
      return new ort.Tensor('float32', Float32Array.from(numbers), dims);
    case 'FP64':
      return new ort.Tensor('float64', Float64Array.from(numbers), dims);
    case 'INT32':
      return new ort.Tensor(
        'int32',
        Int32Array.from(numbers, (x) => Number(x > 0)),
        dims,
      );
    case 'INT64':
      return new ort.Tensor(
        'int64',
        BigInt64Array.from(numbers, (x) => BigInt(x > 0)),
        dims,
      );
    case 'UINT8':
      return new ort.Tensor(
        'uint8',
        Uint8Array.from(numbers, (x) => Number(x > 0)),
        dims,
      );
    case 'BOOL':
      return new ort.Tensor(
        'bool',
        Uint8Array.from(numbers, (x) => Number(x > 0)),
        dims,
      );
    case 'BYTES':
      return new ort.Tensor(
        'string',
        numbers.map(() => 'a'),
        dims,
      );
    default:
      throw new RangeError(`No made-up values for inputs of type ${datatype}.`);
  }
}

function isSame(a: InferenceSession.OnnxValueMapType[string] | undefined, b: typeof a): boolean {
  const [left, right] = [
    a?.data as ArrayLike<unknown> | undefined,
    b?.data as ArrayLike<unknown> | undefined,
  ];
  if (!left || !right || left.length !== right.length) return left === right;
  for (let i = 0; i < left.length; i++) if (!Object.is(left[i], right[i])) return false;
  return true;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0]!.slice(0, 300);
}

process.stdout.write(JSON.stringify(await probe(process.argv[2]!)), () => process.exit(0));
