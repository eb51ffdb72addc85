import protobuf from 'protobufjs/minimal.js';
import { onnxError } from './onnx.errors.ts';

/** What to do with the fields of a message that matter; all others are checked for bounds and skipped. */
export interface FieldHandlers {
  /** By field number; values are int64 and lose precision beyond 2^53. */
  readonly varint?: { readonly [field: number]: (value: number) => void };
  /** By field number; a view into the message, for strings and nested messages. */
  readonly bytes?: { readonly [field: number]: (value: Uint8Array) => void };
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The one way to say that bytes break the format; `what` completes "The ONNX file is damaged: ". */
export function malformed(what: string, cause?: unknown): Error {
  const error = onnxError('onnx.file.malformed', `The ONNX file is damaged: ${what}.`);
  error.cause = cause;
  return error;
}

/**
 * Walks over one protobuf message and calls the handlers in the order of the bytes. Copies nothing and does not
 * recurse. Stricter than protobuf: groups, which ONNX never uses, and known fields of another wire type, which
 * parsers treat differently, are refused.
 * @throws HoustonError `onnx.file.malformed`, or what a handler throws.
 */
export function readMessage(bytes: Uint8Array, handlers: FieldHandlers): void {
  const reader = new protobuf.Reader(bytes);
  while (reader.pos < reader.len) {
    let field = 0;
    let number: number | undefined;
    let view: Uint8Array | undefined;
    try {
      const tag = reader.tag();
      field = tag >>> 3;
      const wireType = tag & 7;
      if (field === 0) throw new RangeError('field number 0');
      const isWanted = handlers.varint?.[field] !== undefined || handlers.bytes?.[field] !== undefined;
      if (wireType === VARINT && isWanted) {
        number = Number(reader.int64());
      } else if (wireType === BYTES) {
        const length = reader.size();
        const start = reader.pos;
        reader.skip(length);
        view = isWanted ? bytes.subarray(start, start + length) : undefined;
      } else if (wireType === VARINT || ((wireType === FIXED64 || wireType === FIXED32) && !isWanted)) {
        reader.skipType(wireType);
      } else {
        throw new RangeError(`wire type ${wireType} in field ${field}`);
      }
    } catch (cause) {
      throw malformed('a field ends too early or has an impossible type', cause);
    }
    if (number !== undefined) {
      const handler = handlers.varint?.[field];
      if (handler === undefined) throw malformed('a field has the wrong type');
      handler(number);
    } else if (view !== undefined) {
      const handler = handlers.bytes?.[field];
      if (handler === undefined) throw malformed('a field has the wrong type');
      handler(view);
    }
  }
}

/** Decodes UTF-8. @throws HoustonError `onnx.file.malformed` for bytes that are not UTF-8. */
export function readText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw malformed('a text is not UTF-8', cause);
  }
}
