import type { ServingDoor } from '../../domains/serving/index.ts';
import type { PermissionTable } from '../../platform/http/app.ts';
import { largeBody, release } from '../../platform/http/large-bodies.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import type { RequestTrace } from '../../platform/tracing/tracer.ts';
import { reportFailure } from '../open-inference/failures.ts';
import { deadlineOf } from '../open-inference/infer-request.ts';
import { admissionOf } from './admission.ts';
import type { GrpcCall } from './call.ts';
import { endCall, traceCall } from './call-traces.ts';
import { type Call, createCalls } from './calls.ts';
import { decodeInferRequest, type GrpcInferRequest } from './infer-decode.ts';
import { encodeInferResponse } from './infer-encode.ts';
import type { Message } from './message-reader.ts';
import { decodeRequest, encodeReply, servicePath, streamReply } from './messages.ts';
import { type Handler, type Listener, listenGrpc, unary } from './server.ts';
import { type Failure, grpcStatus } from './status.ts';
import { streamReplies } from './stream.ts';

export type GrpcServer = Listener;

const inferRoute = 'POST /v2/models/:model/infer';

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
  const fail = createFailures(platform);
  const infer = inferOf(serving);
  const mayInfer = admissionOf(platform, permissions, inferRoute);
  const methods = new Map<string, Handler>();

  const inferTraced = (bytes: Buffer, caller: string, call: GrpcCall) =>
    infer(
      { bytes, caller, timeLeftMs: call.timeLeft() },
      traceCall(serving.tracer, 'ModelInfer', call.headers),
    );
  const inferOnce = (bytes: Buffer, call: GrpcCall) => {
    const scope = mayInfer(call.headers.authorization);
    return scope instanceof Promise
      ? scope.then(({ actor }) => inferTraced(bytes, actor, call))
      : inferTraced(bytes, scope.actor, call);
  };
  methods.set(`${servicePath}ModelInfer`, unary(inferOnce, fail));
  methods.set(`${servicePath}ModelStreamInfer`, (call) => {
    const answer = (scope: Scope) => async (message: Message) => {
      try {
        const bytes = await call.unpack(message);
        const asked = { bytes, caller: scope.actor, timeLeftMs: call.timeLeft() };
        const trace = traceCall(serving.tracer, 'ModelStreamInfer', call.headers);
        return streamReply(await infer(asked, trace));
      } catch (error) {
        return streamReply({ error: fail(error).details });
      }
    };
    Promise.resolve()
      .then(() => mayInfer(call.headers.authorization))
      .then((scope) => streamReplies(call, answer(scope)))
      .catch((error: unknown) => call.fail(fail(error)));
  });
  for (const [method, of] of Object.entries(createCalls(serving, version))) {
    const admit = admissionOf(platform, permissions, of.route);
    const answer = (bytes: Buffer, { headers }: GrpcCall) =>
      answerCall(method, of, bytes, headers.authorization, admit);
    methods.set(servicePath + method, unary(answer, fail));
  }
  return listenGrpc(methods, host, port);
}

type Asked = { bytes: Buffer; caller: string; timeLeftMs: number };
type Infer = (asked: Asked, trace: RequestTrace | undefined) => Promise<Buffer>;

function inferOf(serving: ServingDoor): Infer {
  const predict = async (request: GrpcInferRequest, asked: Asked, trace: RequestTrace | undefined) => {
    const { bytes, caller, timeLeftMs } = asked;
    const { model, id, version, parameters, tensors } = request;
    const deadlineMs = Math.min(timeLeftMs, deadlineOf(parameters) ?? timeLeftMs);
    const answer = await serving.predict(model, {
      id,
      version,
      parameters,
      tensors,
      deadlineMs,
      caller,
      trace,
    });
    const reply = encodeInferResponse(request, answer);
    if (bytes.length >= largeBody && !answer.tensorsInUse) release(bytes);
    return reply;
  };
  return async (asked, trace) => {
    let request: GrpcInferRequest | undefined;
    try {
      request = decodeInferRequest(asked.bytes);
      const reply = await predict(request, asked, trace);
      if (trace?.span) endCall(trace.span, null);
      return reply;
    } catch (error) {
      if (request) serving.noteFailure(request.model, error, 'grpc', trace);
      if (trace?.span) endCall(trace.span, error);
      throw error;
    }
  };
}

async function answerCall(
  method: string,
  call: Call,
  request: Buffer,
  authorization: string | undefined,
  admit: ReturnType<typeof admissionOf>,
): Promise<Buffer> {
  const scope = await admit(authorization);
  return encodeReply(method, await call.answer(decodeRequest(method, request), scope));
}

/** Turns anything thrown into a status. */
function createFailures(platform: Platform): (error: unknown) => Failure {
  return (error) => {
    const [http, details] = reportFailure(error, platform.log);
    return { code: grpcStatus(http), details };
  };
}
