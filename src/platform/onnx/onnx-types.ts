import { onnxError } from './onnx.errors.ts';
import { malformed, readMessage, readText } from './protobuf-message.ts';

/** A value of a model's interface. */
export interface OnnxTensorInfo {
  name: string;
  /**
   * Name of the element type, as the Open Inference Protocol spells it where it has one (`FP32`, `INT64`,
   * `BYTES` for strings), else ONNX's own; `SEQUENCE`, `MAP`, `OPTIONAL`, `SPARSE` or `OPAQUE` for values that
   * are not dense tensors; `UNKNOWN` when the file does not say.
   */
  datatype: string;
  /** −1 for a dimension of free size; null when the rank is unknown or the value is no tensor. */
  shape: number[] | null;
}

/** By number in `TensorProto.DataType`. */
const DATATYPES = [
  'UNKNOWN',
  'FP32',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'INT64',
  'BYTES',
  'BOOL',
  'FP16',
  'FP64',
  'UINT32',
  'UINT64',
  'COMPLEX64',
  'COMPLEX128',
  'BF16',
  'FLOAT8E4M3FN',
  'FLOAT8E4M3FNUZ',
  'FLOAT8E5M2',
  'FLOAT8E5M2FNUZ',
  'UINT4',
  'INT4',
  'FLOAT4E2M1',
  'FLOAT8E8M0',
  'UINT2',
  'INT2',
  'FLOAT6E2M3',
  'FLOAT6E3M2',
];

/** Far above any real tensor; keeps a hostile file from making huge summaries. */
const MAX_RANK = 64;

function readDimension(bytes: Uint8Array): number {
  let size = -1;
  readMessage(bytes, {
    varint: {
      1: (value) => {
        if (!Number.isSafeInteger(value)) throw malformed('a dimension is not a whole number');
        size = value < 0 ? -1 : value;
      },
    },
    bytes: {
      2: () => {
        size = -1;
      },
    },
  });
  return size;
}

function readShape(bytes: Uint8Array): number[] {
  const shape: number[] = [];
  readMessage(bytes, {
    bytes: {
      1: (dimension) => {
        if (shape.length === MAX_RANK) {
          throw onnxError('onnx.file.too_complex', `A tensor has more than ${MAX_RANK} dimensions.`);
        }
        shape.push(readDimension(dimension));
      },
    },
  });
  return shape;
}

function readTensorType(bytes: Uint8Array): Omit<OnnxTensorInfo, 'name'> {
  let datatype = 'UNKNOWN';
  let shape: number[] | null = null;
  readMessage(bytes, {
    varint: {
      1: (value) => {
        datatype = DATATYPES[value] ?? 'UNKNOWN';
      },
    },
    bytes: {
      2: (value) => {
        if (shape !== null) throw malformed('a tensor type has two shapes');
        shape = readShape(value);
      },
    },
  });
  return { datatype, shape };
}

/** Reads a `ValueInfoProto`. @throws HoustonError `onnx.file.malformed` or `onnx.file.too_complex`. */
export function readValueInfo(bytes: Uint8Array): OnnxTensorInfo {
  const info: OnnxTensorInfo = { name: '', datatype: 'UNKNOWN', shape: null };
  let types = 0;
  const setType = (type: Omit<OnnxTensorInfo, 'name'>) => {
    types++;
    if (types > 1) throw malformed('a value has two types');
    Object.assign(info, type);
  };
  const setKind = (datatype: string) => () => setType({ datatype, shape: null });
  readMessage(bytes, {
    bytes: {
      1: (value) => {
        info.name = readText(value);
      },
      2: (type) =>
        readMessage(type, {
          bytes: {
            1: (tensor) => setType(readTensorType(tensor)),
            4: setKind('SEQUENCE'),
            5: setKind('MAP'),
            7: setKind('OPAQUE'),
            8: setKind('SPARSE'),
            9: setKind('OPTIONAL'),
          },
        }),
    },
  });
  return info;
}
