import { HoustonError } from '../errors.ts';

/** Which requests are traced and where the traces go, besides this server's own pages. */
export type TracingConfig = Readonly<{
  /** Share of requests without a trace of their own that are traced; null: none, whatever the caller says. */
  sample: number | null;
  /** Where spans are posted to; null: nowhere. */
  endpoint: string | null;
  /** Sent with every export: tokens of the collector. */
  headers: Readonly<Record<string, string>>;
  protocol: 'protobuf' | 'json';
  /** What this server is called in traces. */
  service: string;
}>;

/** Share of requests that are traced once there is a collector and nothing is said. */
const defaultSample = 0.01;

const invalid = (message: string, next: string) =>
  new HoustonError('platform.config.invalid', message, { next });

/**
 * Reads `HOUSTON_TRACE_SAMPLE`, `HOUSTON_OTLP_ENDPOINT` and what OpenTelemetry names itself:
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, `…_TRACES_ENDPOINT`, `…_HEADERS`, `…_PROTOCOL`, `OTEL_SERVICE_NAME`,
 * `OTEL_SDK_DISABLED`.
 */
export function readTracing(
  options: { traceSample?: number | null; otlpEndpoint?: string },
  env: NodeJS.ProcessEnv,
): TracingConfig {
  const endpoint = endpointOf(options.otlpEndpoint, env);
  const text = env.HOUSTON_TRACE_SAMPLE;
  const isOff = text === 'off' || env.OTEL_SDK_DISABLED?.toLowerCase() === 'true';
  const fallback = endpoint === null ? 0 : defaultSample;
  const chosen = isOff ? null : text === undefined || text === '' ? fallback : Number(text);
  const sample = options.traceSample === undefined ? chosen : options.traceSample;
  if (sample !== null && !(sample >= 0 && sample <= 1)) {
    throw invalid(
      'The share of requests to trace is not a number from 0 to 1.',
      'Set --trace-sample or HOUSTON_TRACE_SAMPLE, for example 0.01, or off.',
    );
  }
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? env.OTEL_EXPORTER_OTLP_PROTOCOL;
  return Object.freeze({
    sample,
    endpoint,
    headers: Object.freeze(
      readHeaders(env.OTEL_EXPORTER_OTLP_TRACES_HEADERS ?? env.OTEL_EXPORTER_OTLP_HEADERS ?? ''),
    ),
    protocol: protocol === 'http/json' ? 'json' : 'protobuf',
    service: env.OTEL_SERVICE_NAME || 'houston',
  });
}

/** A base address gets the path of traces; the variable for traces alone is taken as it is. */
function endpointOf(option: string | undefined, env: NodeJS.ProcessEnv): string | null {
  const base = option ?? (env.HOUSTON_OTLP_ENDPOINT || undefined);
  const whole = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (base === undefined && whole) return checked(whole).href;
  const general = base ?? env.OTEL_EXPORTER_OTLP_ENDPOINT;
  if (!general) return null;
  const url = checked(general);
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  return url.href;
}

function checked(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw invalid(
    'The address of the OpenTelemetry collector is not an HTTP address.',
    'Set --otlp-endpoint or OTEL_EXPORTER_OTLP_ENDPOINT, for example to http://127.0.0.1:4318.',
  );
}

/** `name=value,name=value`, values escaped as in addresses. */
function readHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    if (at < 1) continue;
    try {
      headers[pair.slice(0, at).trim().toLowerCase()] = decodeURIComponent(pair.slice(at + 1).trim());
    } catch {
      throw invalid(
        'A header for the OpenTelemetry collector is not escaped as it must be.',
        'Write OTEL_EXPORTER_OTLP_HEADERS as name=value,name=value with % escapes.',
      );
    }
  }
  return headers;
}
