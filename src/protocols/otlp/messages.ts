import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import { OtlpError } from './errors.ts';

const { root } = protobuf.parse(readFileSync(new URL('./traces.proto', import.meta.url), 'utf8'));
const types = {
  request: root.lookupType('otlp.ExportTraceServiceRequest'),
  response: root.lookupType('otlp.ExportTraceServiceResponse'),
  status: root.lookupType('otlp.RpcStatus'),
};

/** How a body is written: binary protobuf, or JSON. A reply is written as its request was. */
export type Encoding = 'protobuf' | 'json';

export const mediaTypes: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

type Message = Readonly<Record<string, unknown>>;

/** The request as a message with names in camel case, whichever way it was written. @throws OtlpError */
export function decodeRequest(bytes: Buffer, encoding: Encoding): Message {
  try {
    if (encoding === 'protobuf') return types.request.decode(bytes) as unknown as Message;
    const value: unknown = bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Message;
  } catch {}
  throw new OtlpError(400, `The body is no ExportTraceServiceRequest in ${encoding}.`);
}

/** The reply to an export; `rejected` spans were not kept, and `why` names the first reason. */
export function encodeResponse(encoding: Encoding, rejected: number, why: string): Buffer {
  const partial = rejected > 0 ? { rejectedSpans: rejected, errorMessage: why } : undefined;
  if (encoding === 'json') {
    const wire = partial && { ...partial, rejectedSpans: String(rejected) };
    return Buffer.from(JSON.stringify(wire ? { partialSuccess: wire } : {}));
  }
  return Buffer.from(types.response.encode(partial ? { partialSuccess: partial } : {}).finish());
}

/** An export of our own spans. */
export function encodeRequest(encoding: Encoding, message: Message): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify(message));
  return Buffer.from(types.request.encode(message).finish());
}

/** How many spans of an export its receiver has refused. */
export function readRejected(encoding: Encoding, reply: Buffer): number {
  try {
    const message =
      encoding === 'json'
        ? (JSON.parse(reply.toString('utf8')) as Message)
        : (types.response.decode(reply) as unknown as Message);
    return Number((message.partialSuccess as Message | undefined)?.rejectedSpans ?? 0) || 0;
  } catch {
    return 0;
  }
}

/** The body of an error: code of gRPC and a sentence. */
export function encodeStatus(encoding: Encoding, code: number, message: string): Buffer {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  return Buffer.from(types.status.encode({ code, message }).finish());
}
