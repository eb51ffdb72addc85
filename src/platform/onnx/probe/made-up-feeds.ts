import type { InferenceSession, Tensor } from 'onnxruntime-node';

type Ort = typeof import('onnxruntime-node');

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

/**
 * Rows for a model of which nothing else is known: numbers as `draw` gives them, 0 or 1 where the type is whole,
 * the text "a". Free dimensions have the size one, the first one `rows`.
 */
export function madeUpFeeds(
  ort: Ort,
  inputs: readonly InferenceSession.ValueMetadata[],
  rows: number,
  draw: () => number,
): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map((input) => {
      if (!input.isTensor) throw new RangeError(`No made-up values for ${input.name}, which is no tensor.`);
      const dims = input.shape.map((size, axis) =>
        typeof size === 'number' && size >= 0 ? size : axis === 0 ? rows : 1,
      );
      const length = dims.reduce((product, size) => product * size, 1);
      return [input.name, tensor(ort, input.type, dims, Array.from({ length }, draw))];
    }),
  );
}

function tensor(ort: Ort, type: string, dims: number[], numbers: number[]): Tensor {
  if (type === 'string') {
    return new ort.Tensor(
      'string',
      numbers.map(() => 'a'),
      dims,
    );
  }
  if (type === 'int64' || type === 'uint64') {
    const whole = numbers.map((x) => BigInt(x > 0));
    return type === 'int64'
      ? new ort.Tensor('int64', BigInt64Array.from(whole), dims)
      : new ort.Tensor('uint64', BigUint64Array.from(whole), dims);
  }
  const array = arrays[type as keyof typeof arrays];
  if (!array) throw new RangeError(`No made-up values for inputs of type ${type}.`);
  const data = array.from(type.startsWith('float') ? numbers : numbers.map((x) => Number(x > 0)));
  if (type !== 'float16') return new ort.Tensor(type as 'float32', data as Float32Array, dims);
  // Bits of 0 and 1; the library's own constructor of halves makes what its native part does not know.
  const bits = Uint16Array.from(numbers, (x) => (x > 0 ? 0x3c00 : 0));
  return Object.assign(new ort.Tensor('uint16', bits, dims), { type: 'float16' }) as unknown as Tensor;
}
