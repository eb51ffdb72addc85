import type { ModelVersion, PromotionPolicy, RegistryDoor } from '../../src/domains/registry/index.ts';
import { createServingDomain } from '../../src/domains/serving/index.ts';
import type { FeaturesPort } from '../../src/domains/serving/routing/feature-port.ts';
import { permissions } from '../../src/permissions.ts';
import type { ConfigOptions } from '../../src/platform/config.ts';
import { HoustonError } from '../../src/platform/errors.ts';
import type { HoustonApp } from '../../src/platform/http/app.ts';
import { record } from '../../src/platform/ledger/index.ts';
import { createLogger } from '../../src/platform/log.ts';
import { readOnnx } from '../../src/platform/onnx/onnx-reader.ts';
import type { Platform } from '../../src/platform/platform.ts';
import { type Scope, transact } from '../../src/platform/scope.ts';
import { kserveV1Routes } from '../../src/protocols/kserve-v1/index.ts';
import { mlflowScoringRoutes } from '../../src/protocols/mlflow-scoring/index.ts';
import { openInferenceRoutes } from '../../src/protocols/open-inference/index.ts';
import { startGrpcServer } from '../../src/protocols/open-inference-grpc/index.ts';
import { prometheusRoutes } from '../../src/protocols/prometheus/index.ts';
import { startTestServer } from '../server.ts';

export type TestRegistry = RegistryDoor & {
  aliases: Map<string, number>;
  /** By `MODEL:VERSION`. */
  verdicts: Map<string, unknown>;
  add(
    platform: Platform,
    model: string,
    bytes: Uint8Array,
    featureService?: string | null,
  ): Promise<ModelVersion>;
};

/** A registry in memory, with the part of its door that serving uses. */
export function createTestRegistry(): TestRegistry {
  const versions = new Map<string, ModelVersion[]>();
  const aliases = new Map<string, number>();
  const verdicts = new Map<string, unknown>();
  const find = (model: string, ref: number | string) => {
    const all = versions.get(model) ?? [];
    if (ref === 'latest') return all.at(-1);
    const number = String(ref).startsWith('@') ? aliases.get(`${model}${ref}`) : Number(ref);
    return all.find((one) => one.version === number);
  };
  return {
    aliases,
    verdicts,
    async add(platform: Platform, model: string, bytes: Uint8Array, featureService: string | null = null) {
      const { digest, size } = await platform.blobs.put(bytes);
      const all = versions.get(model) ?? [];
      versions.set(model, all);
      const version: ModelVersion = {
        model,
        version: all.length + 1,
        digest,
        size,
        flavor: 'onnx',
        servable: true,
        packaged: null,
        format: { irVersion: 7, producer: 'test', opsets: [], nodes: 1, operators: operatorsOf(bytes) },
        signature: { inputs: [], outputs: [], features: null },
        source: 'test',
        description: '',
        tags: {},
        aliases: [],
        lineage: { experimentRun: null, pipelineRun: null, dataset: null, featureService },
        trainingProfile: null,
        evaluation: null,
        createdAt: 0,
        actor: 'user:test',
      };
      all.push(version);
      await transact(platform.systemScope('user:test'), (tx) =>
        record(tx, {
          type: 'registry.version.registered',
          subject: `model:${model}/${version.version}`,
          uses: ['dataset:d@1'],
        }),
      );
      return version;
    },
    async getVersion(_scope: Scope, model: string, ref: number | string) {
      const version = find(model, ref);
      if (!version) {
        throw new HoustonError('registry.version.not_found', 'There is no such version.', {
          status: 404,
          next: 'Register it.',
        });
      }
      return version;
    },
    findVersion: async (_scope: Scope, model: string, ref: number | string) => find(model, ref),
    latestVerdict: async (_scope: Scope, model: string, version: number) =>
      verdicts.get(`${model}:${version}`),
    gate: async () => ({ id: 'verdict', decision: 'go', checks: [] }),
    async setAlias(_tx: Scope, model: string, alias: string, version: number) {
      aliases.set(`${model}@${alias}`, version);
    },
  } as unknown as TestRegistry;
}

/** Bytes that are no model are for tests of what cannot be loaded. */
function operatorsOf(bytes: Uint8Array): Record<string, number> {
  try {
    return readOnnx(bytes).opTypes;
  } catch {
    return {};
  }
}

export type ServingServer = Awaited<ReturnType<typeof startServing>>;

/** A server with serving, its protocols and doubles of the floors below. */
export async function startServing(
  options: ConfigOptions & { now?: () => number } & {
    registry?: TestRegistry;
    features?: FeaturesPort | null;
    promotionPolicy?: PromotionPolicy;
  } = {},
) {
  const { registry = createTestRegistry(), features = null, promotionPolicy, ...config } = options;
  const server = await startTestServer((platform) => {
    const serving = createServingDomain(platform, {
      registry,
      features,
      ...(promotionPolicy && { promotionPolicy }),
    });
    const protocols = {
      name: 'protocols',
      async routes(app: HoustonApp) {
        await app.register(openInferenceRoutes(serving, createLogger('error')));
        await app.register(kserveV1Routes(serving));
        const { invocationsModel } = platform.config;
        await app.register(mlflowScoringRoutes(serving, { version: 'test', defaultModel: invocationsModel }));
        prometheusRoutes(app, serving, '0.0.0');
      },
    };
    return { serving, protocols };
  }, config);
  const grpc = await startGrpcServer(server.platform, server.domains.serving, {
    permissions,
    version: 'test',
    host: '127.0.0.1',
    port: 0,
  });
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: replies of many shapes, looked at by the tests.
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as any };
  };
  const infer = (name: string, rows: number[][], more: Record<string, unknown> = {}) =>
    call('POST', `/v2/models/${name}/infer`, {
      ...more,
      inputs: [
        { name: 'features', datatype: 'FP32', shape: [rows.length, rows[0].length], data: rows.flat() },
      ],
    });
  const close = async () => {
    await grpc.close();
    await server.close();
  };
  return {
    ...server,
    grpc: `127.0.0.1:${grpc.port}`,
    close,
    registry,
    call,
    infer,
    scope: server.platform.systemScope('user:test'),
  };
}
