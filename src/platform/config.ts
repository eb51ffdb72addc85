import { mkdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { HoustonError } from './errors.ts';
import type { LogLevel } from './log.ts';
import { readTracing, type TracingConfig } from './tracing/tracing.config.ts';
import { parseHostRule } from './webhooks/hosts.model.ts';

export const conversionModes = ['off', 'ask', 'auto'] as const;
export type ConversionMode = (typeof conversionModes)[number];

export type ConfigOptions = {
  port?: number;
  host?: string;
  dataDir?: string;
  /** postgres://… moves the metadata from SQLite to PostgreSQL. */
  database?: string;
  auth?: boolean;
  /** The Python interpreter of conversions (default: python3 of the search path). */
  python?: string;
  /** Making ONNX of registered models of other forms: never, when asked, or at each registration. */
  conversion?: ConversionMode;
  /** Port of the Open Inference Protocol over gRPC; 0: any free one, null: none. */
  grpcPort?: number | null;
  /** Deployment that answers a bare /invocations; default: the only one there is. */
  invocationsModel?: string;
  /** Further names by which callers may address the server (Host header). */
  allowedHosts?: readonly string[];
  /** Origins of servers that deployments may call as upstreams, `http://127.0.0.1:5001`. */
  upstreams?: readonly string[];
  /** Memory for models, as `2GB` or `512MB`; default: half of the machine's. */
  modelMemory?: string;
  /** Hosts that webhooks may call: `[http://]HOST[:PORT][+private]`, `*.HOST`, or `*` for all public ones. */
  webhookHosts?: readonly string[];
  /** Share of requests without a trace that are traced, 0 to 1; null: no request is. */
  traceSample?: number | null;
  /** Base address of an OpenTelemetry collector (OTLP over HTTP) that gets the traces. */
  otlpEndpoint?: string;
  logLevel?: LogLevel;
  /** Soft-deleted runs and experiments go for good after so many days; null: only when asked to. */
  gcAfterDays?: number | null;
  /** Seconds that unreferenced bytes stay before they are removed. */
  gcGraceSeconds?: number;
};

export type Config = Readonly<{
  port: number;
  host: string;
  dataDir: string;
  database: string | null;
  auth: boolean;
  python: string | null;
  conversion: ConversionMode;
  /** `isChosen` is false for the default, which gives way when another program has that port. */
  grpc: Readonly<{ port: number; isChosen: boolean }> | null;
  invocationsModel: string | null;
  allowedHosts: readonly string[];
  upstreams: readonly string[];
  modelMemoryBytes: number;
  webhookHosts: readonly string[];
  tracing: TracingConfig;
  logLevel: LogLevel;
  gcAfterDays: number | null;
  gcGraceSeconds: number;
}>;

/** True for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || (isIP(name) === 4 && name.startsWith('127.'));
}

/**
 * Reads the configuration once from options, then the environment (`HOUSTON_PORT`, `HOUSTON_HOST`,
 * `HOUSTON_DATA_DIR`, `HOUSTON_DATABASE`, `HOUSTON_AUTH`, `HOUSTON_GRPC_PORT`, `HOUSTON_INVOCATIONS_MODEL`,
 * `HOUSTON_PYTHON`, `HOUSTON_CONVERSION`, `HOUSTON_ALLOWED_HOSTS`, `HOUSTON_UPSTREAMS`, `HOUSTON_WEBHOOK_HOSTS`, `HOUSTON_LOG`,
 * `HOUSTON_MODEL_MEMORY`, `HOUSTON_TRACE_SAMPLE`, `HOUSTON_OTLP_ENDPOINT` and OpenTelemetry's own variables,
 * `HOUSTON_GC_AFTER_DAYS`, `HOUSTON_GC_GRACE_SECONDS`), checks it and freezes it. Listening beyond loopback without authentication is refused.
 */
export function readConfig(options: ConfigOptions = {}, env: NodeJS.ProcessEnv = process.env): Config {
  const port = options.port ?? Number(env.HOUSTON_PORT ?? 1969);
  const host = options.host ?? env.HOUSTON_HOST ?? '127.0.0.1';
  const auth = options.auth ?? ['1', 'true'].includes(env.HOUSTON_AUTH ?? '');
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HoustonError('platform.config.invalid', 'The port is not a number from 0 to 65535.', {
      next: 'Set --port or HOUSTON_PORT, for example 1969.',
    });
  }
  if (!auth && !isLoopback(host)) {
    throw new HoustonError(
      'platform.config.unsafe',
      `Refusing to listen on ${host} without authentication.`,
      {
        next: 'Add --auth (the first start prints an administrator token), or listen on 127.0.0.1.',
      },
    );
  }
  const allowedHosts = options.allowedHosts ?? (env.HOUSTON_ALLOWED_HOSTS?.split(',').filter(Boolean) || []);
  const gcAfterDays = options.gcAfterDays ?? (env.HOUSTON_GC_AFTER_DAYS || null);
  const gcGraceSeconds = options.gcGraceSeconds ?? (env.HOUSTON_GC_GRACE_SECONDS || 3600);
  return Object.freeze({
    port,
    host,
    dataDir: resolve(options.dataDir ?? env.HOUSTON_DATA_DIR ?? '.houston'),
    database: options.database ?? env.HOUSTON_DATABASE ?? null,
    auth,
    python: options.python ?? env.HOUSTON_PYTHON ?? null,
    conversion: readConversionMode(options.conversion ?? env.HOUSTON_CONVERSION),
    grpc: readGrpcPort(options.grpcPort, env.HOUSTON_GRPC_PORT, port),
    invocationsModel: options.invocationsModel ?? env.HOUSTON_INVOCATIONS_MODEL ?? null,
    allowedHosts: Object.freeze([...allowedHosts]),
    webhookHosts: readWebhookHosts(
      options.webhookHosts ?? env.HOUSTON_WEBHOOK_HOSTS?.split(',').filter(Boolean) ?? [],
    ),
    upstreams: readOrigins(options.upstreams ?? env.HOUSTON_UPSTREAMS?.split(',').filter(Boolean) ?? []),
    modelMemoryBytes: readModelMemory(options.modelMemory ?? env.HOUSTON_MODEL_MEMORY),
    tracing: readTracing(options, env),
    logLevel: options.logLevel ?? (env.HOUSTON_LOG as LogLevel | undefined) ?? 'info',
    gcAfterDays: gcAfterDays === null ? null : atLeastZero(gcAfterDays, 'GC_AFTER_DAYS'),
    gcGraceSeconds: atLeastZero(gcGraceSeconds, 'GC_GRACE_SECONDS'),
  });
}

function readConversionMode(text = 'ask'): ConversionMode {
  const mode = conversionModes.find((one) => one === text);
  if (mode) return mode;
  throw new HoustonError('platform.config.invalid', 'This is not a mode of conversion.', {
    next: 'Set --conversion or HOUSTON_CONVERSION to off, ask or auto.',
  });
}

function readModelMemory(text: string | undefined): number {
  if (text === undefined)
    return Math.floor(Math.min(totalmem(), process.constrainedMemory() || Infinity) / 2);
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(MB|GB)$/i.exec(text) ?? [];
  if (unit) return Math.floor(Number(number) * 1024 ** (unit.toUpperCase() === 'GB' ? 3 : 2));
  throw new HoustonError('platform.config.invalid', 'The memory for models is not an amount of bytes.', {
    next: 'Set --model-memory or HOUSTON_MODEL_MEMORY, for example 2GB or 512MB.',
  });
}

function readOrigins(texts: readonly string[]): readonly string[] {
  const origins = texts.map((text) => {
    const url = URL.parse(text);
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.origin;
    throw new HoustonError('platform.config.invalid', 'An upstream is not an origin.', {
      next: 'Set --upstream or HOUSTON_UPSTREAMS, for example to http://127.0.0.1:5001.',
    });
  });
  return Object.freeze(origins);
}

function readWebhookHosts(texts: readonly string[]): readonly string[] {
  for (const text of texts) {
    if (parseHostRule(text)) continue;
    throw new HoustonError('platform.config.invalid', 'A host of webhooks has the wrong form.', {
      next: 'Set --webhook-hosts or HOUSTON_WEBHOOK_HOSTS to names such as hooks.example.com.',
    });
  }
  return Object.freeze([...texts]);
}

const defaultGrpcPort = 8001;

/** A server on any free port takes any free one for gRPC too, so that two of them never meet. */
function readGrpcPort(
  option: number | null | undefined,
  env: string | undefined,
  httpPort: number,
): Config['grpc'] {
  if (option === null || (option === undefined && env === 'off')) return null;
  const chosen = option ?? (env === undefined ? undefined : Number(env));
  const port = chosen ?? (httpPort === 0 ? 0 : defaultGrpcPort);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new HoustonError('platform.config.invalid', 'The port of gRPC is not a number from 0 to 65535.', {
      next: 'Set --grpc-port or HOUSTON_GRPC_PORT, for example 8001, or off.',
    });
  }
  return Object.freeze({ port, isChosen: chosen !== undefined });
}

function atLeastZero(value: number | string, name: string): number {
  const number = Number(value);
  if (Number.isFinite(number) && number >= 0) return number;
  throw new HoustonError('platform.config.invalid', `HOUSTON_${name} is not a number from 0.`, {
    next: `Set HOUSTON_${name} to a number, or leave it out.`,
  });
}

/** A folder below the data directory, made when missing, readable by its owner only. */
export function dataFolder(config: Config, ...parts: string[]): string {
  const folder = join(config.dataDir, ...parts);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
