import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  setLogVerbosity,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { ServingDoor } from '../../domains/serving/index.ts';
import { HoustonError } from '../../platform/errors.ts';
import type { PermissionTable } from '../../platform/http/app.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import { reportFailure } from '../open-inference/failures.ts';
import { deadlineOf } from '../open-inference/infer-request.ts';
import { admissionOf } from './admission.ts';
import { type Call, createCalls } from './calls.ts';
import { decodeInferRequest } from './infer-decode.ts';
import { encodeInferResponse } from './infer-encode.ts';
import { decodeRequest, encodeReply, servicePath, streamReply } from './messages.ts';
import { grpcStatus } from './status.ts';
import { streamReplies } from './stream.ts';

export type GrpcServer = { readonly port: number; close(): Promise<void> };

type Unary = ServerUnaryCall<Buffer, Buffer>;
type Done = sendUnaryData<Buffer>;

/** Messages up to this size, as REST bodies. */
const mostBytes = 64 * 1024 * 1024;
/** Calls under way on one connection; further ones wait at the client. */
const mostStreams = 1000;
const inferRoute = 'POST /v2/models/:model/infer';
const graceMs = 2000;

/**
 * Open Inference Protocol v2 over gRPC: the same models, permissions and path of a prediction as REST under /v2.
 * @throws platform.port.in_use
 */
export async function startGrpcServer(
  platform: Platform,
  serving: ServingDoor,
  options: { permissions: PermissionTable; version: string; host: string; port: number },
): Promise<GrpcServer> {
  const { permissions, version, host, port } = options;
  const server = new Server({
    'grpc.max_receive_message_length': mostBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': mostStreams,
  });
  // The library prints what it also returns; what matters of it goes to our own log.
  setLogVerbosity(logVerbosity.NONE);
  const fail = createFailures(platform);
  const infer = inferOf(serving);
  const mayInfer = admissionOf(platform, permissions, inferRoute);

  add(server, 'ModelInfer', false, (call: Unary, done: Done) => {
    const answer = ({ actor }: Scope) =>
      infer(call.request, actor, timeLeft(call)).then((reply) => done(null, reply), failed);
    const failed = (error: unknown) => done(fail(error));
    try {
      const scope = mayInfer(call.metadata);
      if (scope instanceof Promise) scope.then(answer).catch(failed);
      else void answer(scope);
    } catch (error) {
      failed(error);
    }
  });
  add(server, 'ModelStreamInfer', true, (call: ServerDuplexStream<Buffer, Buffer>) => {
    const answer = (scope: Scope) => async (request: Buffer) => {
      try {
        return streamReply(await infer(request, scope.actor, timeLeft(call)));
      } catch (error) {
        return streamReply({ error: fail(error).details });
      }
    };
    const refuse = (error: unknown) => call.emit('error', fail(error));
    Promise.resolve()
      .then(() => mayInfer(call.metadata))
      .then((scope) => streamReplies(call, answer(scope)), refuse);
  });
  for (const [method, call] of Object.entries(createCalls(serving, version))) {
    const admit = admissionOf(platform, permissions, call.route);
    add(server, method, false, (unary: Unary, done: Done) => {
      answerCall(method, call, unary, admit).then(
        (reply) => done(null, reply),
        (error: unknown) => done(fail(error)),
      );
    });
  }
  return { port: await listen(server, host, port), close: () => close(server) };
}

type Infer = (bytes: Buffer, caller: string, timeLeftMs: number) => Promise<Buffer>;

function inferOf(serving: ServingDoor): Infer {
  return async (bytes, caller, timeLeftMs) => {
    const request = decodeInferRequest(bytes);
    const { model, id, version, parameters, tensors } = request;
    const deadlineMs = Math.min(timeLeftMs, deadlineOf(parameters) ?? timeLeftMs);
    const asked = { id, version, parameters, tensors, deadlineMs, caller };
    return encodeInferResponse(request, await serving.predict(model, asked));
  };
}

/** Milliseconds until the deadline that the client has set for its call. */
function timeLeft(call: { getDeadline(): Date | number }): number {
  return Number(call.getDeadline()) - Date.now();
}

async function answerCall(
  method: string,
  call: Call,
  { request, metadata }: Unary,
  admit: ReturnType<typeof admissionOf>,
): Promise<Buffer> {
  const scope = await admit(metadata);
  return encodeReply(method, await call.answer(decodeRequest(method, request), scope));
}

/** Turns anything thrown into a status. */
function createFailures(platform: Platform) {
  return (error: unknown) => {
    const [http, details] = reportFailure(error, platform.log);
    return { code: grpcStatus(http), details };
  };
}

const asBytes = (bytes: Buffer) => bytes;

/** Messages reach the handler as bytes, so that a bad one is answered by it and not by the library. */
function add(server: Server, method: string, isStream: boolean, handler: UntypedHandleCall): void {
  const definition = {
    path: `${servicePath}${method}`,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: asBytes,
    requestDeserialize: asBytes,
    responseSerialize: asBytes,
    responseDeserialize: asBytes,
  };
  server.addService({ [method]: definition }, { [method]: handler });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
      if (!error) resolve(bound);
      else if (!error.message.includes('EADDRINUSE')) reject(error);
      else {
        reject(
          new HoustonError('platform.port.in_use', `Another program listens on port ${port} of ${host}.`, {
            status: 409,
            next: 'Stop it, or choose another port for gRPC with --grpc-port (off: no gRPC).',
          }),
        );
      }
    });
  });
}

/** Lets the calls under way end, for a moment. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
