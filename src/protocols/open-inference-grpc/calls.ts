import type { ServingDoor } from '../../domains/serving/index.ts';
import type { Scope } from '../../platform/scope.ts';
import {
  allStatistics,
  modelConfig,
  modelMetadata,
  modelStatistics,
  repositoryIndex,
  serverMetadata,
} from '../open-inference/model-views.ts';
import { loadModel, unloadModel } from '../open-inference/repository.ts';
import { changeLog, changeTrace, logSettings, traceSettings, unchanged } from '../open-inference/settings.ts';

type Request = Record<string, unknown>;

/** A method other than inference: the REST route whose permission it asks for, and what it answers. */
export type Call = {
  readonly route: string;
  answer(request: Request, scope: Scope): object | Promise<object>;
};

const text = (value: unknown) => String(value ?? '');

/** Trace settings, each a list of texts; an empty list asks for the default. */
function traceReply(asked: Record<string, { value?: string[] }>): object {
  const wanted = Object.entries(asked).map(([name, { value }]) => [name, value?.length ? value : null]);
  const settings = unchanged(traceSettings, Object.fromEntries(wanted), changeTrace);
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, { value: [value].flat() }]),
  );
}

/** Log settings, each of the type that it has. */
function logReply(asked: Record<string, Request>, scope: Scope): object {
  const wanted = Object.entries(asked).map(([name, value]) => {
    return [name, value.bool_param ?? value.uint32_param ?? value.string_param ?? null];
  });
  const level = scope.platform.config.logLevel;
  const settings = unchanged(logSettings(level), Object.fromEntries(wanted), changeLog);
  const field = { boolean: 'bool_param', number: 'uint32_param', string: 'string_param' } as const;
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, { [field[typeof value as 'boolean']]: value }]),
  );
}

/** The methods of the service but for inference; each does what its REST route does. */
export function createCalls(serving: ServingDoor, version: string): Record<string, Call> {
  const live = async ({ name, version: wanted }: Request) => {
    await serving.wake(text(name));
    return serving.live(text(name), text(wanted));
  };
  return {
    ServerLive: { route: 'GET /v2/health/live', answer: () => ({ live: true }) },
    ServerReady: { route: 'GET /v2/health/ready', answer: () => ({ ready: true }) },
    ServerMetadata: { route: 'GET /v2', answer: () => serverMetadata(version) },
    ModelReady: {
      route: 'GET /v2/models/:model/ready',
      answer: ({ name, version: wanted }) => ({
        ready: serving.isReady(text(name), text(wanted) || undefined),
      }),
    },
    ModelMetadata: {
      route: 'GET /v2/models/:model',
      answer: async ({ name, version: wanted }) => {
        await serving.wake(text(name));
        return modelMetadata(serving, text(name), text(wanted));
      },
    },
    ModelConfig: {
      route: 'GET /v2/models/:model/config',
      answer: async (request) => ({ config: modelConfig(text(request.name), await live(request)) }),
    },
    ModelStatistics: {
      route: 'GET /v2/models/:model/stats',
      answer: async (request) => ({
        model_stats:
          request.name === ''
            ? allStatistics(serving)
            : [modelStatistics(text(request.name), await live(request))],
      }),
    },
    RepositoryIndex: {
      route: 'POST /v2/repository/index',
      answer: ({ ready }) => ({ models: repositoryIndex(serving, ready === true) }),
    },
    RepositoryModelLoad: {
      route: 'POST /v2/repository/models/:model/load',
      async answer({ model_name, parameters }, scope) {
        await loadModel(serving, scope, text(model_name), parameters as Request);
        return {};
      },
    },
    RepositoryModelUnload: {
      route: 'POST /v2/repository/models/:model/unload',
      async answer({ model_name }, scope) {
        await unloadModel(serving, scope, text(model_name));
        return {};
      },
    },
    TraceSetting: {
      route: 'GET /v2/trace/setting',
      answer: ({ settings }) => ({ settings: traceReply(settings as Parameters<typeof traceReply>[0]) }),
    },
    LogSettings: {
      route: 'GET /v2/logging',
      answer: ({ settings }, scope) => ({ settings: logReply(settings as Record<string, Request>, scope) }),
    },
  };
}
