import { readFileSync } from 'node:fs';
import { parse, type Type, Writer } from 'protobufjs';
import { OipError } from '../open-inference/errors.ts';

const { root } = parse(readFileSync(new URL('./inference.proto', import.meta.url), 'utf8'), {
  keepCase: true,
});
const service = root.lookupService('inference.GRPCInferenceService');

/** Full path of the service, before the name of a method. */
export const servicePath = '/inference.GRPCInferenceService/';

const read = { longs: Number, enums: String, defaults: true, objects: true, oneofs: true } as const;

/** Reads the request of a method into a plain object, with defaults for what was not sent. @throws OipError */
export function decodeRequest(method: string, bytes: Buffer): Record<string, unknown> {
  const type = typeOf(service.methods[method].requestType);
  try {
    return type.toObject(type.decode(bytes), read);
  } catch {
    throw new OipError(`The message is no valid ${type.name}.`);
  }
}

/** Writes the reply of a method from a plain object; fields that the message does not have are left out. */
export function encodeReply(method: string, reply: object): Buffer {
  const type = typeOf(service.methods[method].responseType);
  return type.encode(type.fromObject(reply)).finish() as Buffer;
}

/** A ModelStreamInferResponse around an encoded ModelInferResponse, or with an error instead. */
export function streamReply(reply: Buffer | { error: string }): Buffer {
  const writer = Writer.create();
  if (Buffer.isBuffer(reply)) writer.uint32(18).bytes(reply);
  else writer.uint32(10).string(reply.error);
  return writer.finish() as Buffer;
}

function typeOf(name: string): Type {
  return root.lookupType(`inference.${name}`);
}
