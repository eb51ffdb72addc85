/** Open Inference datatypes that ONNX Runtime can take and give in this process. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

export type TensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | string[];

/** A named tensor, row-major. */
export type NamedTensor = { name: string; datatype: Datatype; shape: readonly number[]; data: TensorData };

/** What a model declares about one input or output; −1 is a free dimension. */
export type TensorSpec = { name: string; datatype: Datatype; shape: readonly number[] };

type NumericArray = Exclude<TensorData, string[]>;
type ArrayClass = {
  new (length: number): NumericArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): NumericArray;
};

/** Bytes of one element and the array that holds it; BYTES has neither. */
export const datatypes: Record<
  Exclude<Datatype, 'BYTES'>,
  { bytes: number; array: ArrayClass; onnx: string }
> = {
  BOOL: { bytes: 1, array: Uint8Array, onnx: 'bool' },
  UINT8: { bytes: 1, array: Uint8Array, onnx: 'uint8' },
  UINT16: { bytes: 2, array: Uint16Array, onnx: 'uint16' },
  UINT32: { bytes: 4, array: Uint32Array, onnx: 'uint32' },
  UINT64: { bytes: 8, array: BigUint64Array, onnx: 'uint64' },
  INT8: { bytes: 1, array: Int8Array, onnx: 'int8' },
  INT16: { bytes: 2, array: Int16Array, onnx: 'int16' },
  INT32: { bytes: 4, array: Int32Array, onnx: 'int32' },
  INT64: { bytes: 8, array: BigInt64Array, onnx: 'int64' },
  FP16: { bytes: 2, array: Uint16Array, onnx: 'float16' },
  FP32: { bytes: 4, array: Float32Array, onnx: 'float32' },
  FP64: { bytes: 8, array: Float64Array, onnx: 'float64' },
};

const byOnnx = new Map<string, Datatype>([
  ...Object.entries(datatypes).map(([name, { onnx }]): [string, Datatype] => [onnx, name as Datatype]),
  ['string', 'BYTES'],
]);

/** The Open Inference name of an ONNX Runtime type, or undefined when the protocol has none. */
export function datatypeOf(onnxType: string): Datatype | undefined {
  return byOnnx.get(onnxType);
}

/** The ONNX Runtime name of a datatype. */
export function onnxTypeOf(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'string' : datatypes[datatype].onnx;
}

/** Elements of a shape; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const dimension of shape) count *= dimension;
  return count;
}

/** Whether a concrete shape fits a declared one. */
export function shapeFits(shape: readonly number[], declared: readonly number[]): boolean {
  if (shape.length !== declared.length) return false;
  for (let i = 0; i < shape.length; i++) if (declared[i] !== -1 && declared[i] !== shape[i]) return false;
  return true;
}

/** The value of element `i` as a number; NaN for texts that are none. */
export function numberAt(data: TensorData, i: number): number {
  return Number(data[i]);
}

/** An empty array for `length` elements of a datatype. */
export function allocate(datatype: Datatype, length: number): TensorData {
  return datatype === 'BYTES' ? new Array<string>(length).fill('') : new datatypes[datatype].array(length);
}
