import { readFileSync } from 'node:fs';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { parse } from 'protobufjs';

const proto = new URL('../../src/protocols/open-inference-grpc/inference.proto', import.meta.url);
const { root } = parse(readFileSync(proto, 'utf8'), { keepCase: true });
const path = '/inference.GRPCInferenceService/';
const bytesOf = (bytes: Buffer) => bytes;

/** The fields of replies that tests look at; a failure has an empty one. */
type Reply = {
  outputs: { name: string; datatype: string; shape: string[]; contents: Record<string, unknown[]> }[];
  parameters: Record<string, { string_param?: string }>;
  raw_output_contents: Buffer[];
};

/** An answer: the decoded message, or the status and sentence of a failure. */
export type GrpcAnswer = { code: number; details: string; reply: Reply };
const nothing: Reply = { outputs: [], parameters: {}, raw_output_contents: [] };
type CallOptions = { token?: string; deadlineMs?: number };

/** Encodes a message of the protocol. */
export function encodeMessage(type: string, fields: object): Buffer {
  const of = root.lookupType(`inference.${type}`);
  return Buffer.from(of.encode(of.fromObject(fields)).finish());
}

/** A client that sends any bytes as a message, also those that no generated client would send. */
export function createGrpcClient(address: string) {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.max_send_message_length': -1,
    'grpc.max_receive_message_length': -1,
    // A channel of its own, so that closing it ends its connections.
    'grpc.use_local_subchannel_pool': 1,
  });
  const send = (method: string, bytes: Buffer, { token, deadlineMs = 30_000 }: CallOptions = {}) =>
    new Promise<{ error: ServiceError | null; bytes: Buffer | undefined }>((resolve) => {
      const metadata = new Metadata();
      if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
      const deadline = Date.now() + deadlineMs;
      client.makeUnaryRequest(
        path + method,
        bytesOf,
        bytesOf,
        bytes,
        metadata,
        { deadline },
        (error, reply) => resolve({ error, bytes: reply }),
      );
    });
  return {
    async send(method: string, bytes: Buffer, options?: CallOptions): Promise<GrpcAnswer> {
      const { error, bytes: reply } = await send(method, bytes, options);
      if (error || !reply) return { code: error?.code ?? -1, details: error?.details ?? '', reply: nothing };
      const type = root.lookupType(`inference.${method}Response`);
      const read = { longs: String, enums: String, defaults: true, oneofs: true } as const;
      return { code: 0, details: '', reply: type.toObject(type.decode(reply), read) as Reply };
    },
    call(method: string, fields: object = {}, options?: CallOptions): Promise<GrpcAnswer> {
      return this.send(method, encodeMessage(`${method}Request`, fields), options);
    },
    openStream: () =>
      client.makeBidiStreamRequest(`${path}ModelStreamInfer`, bytesOf, bytesOf, new Metadata()),
    close: () => client.close(),
  };
}
