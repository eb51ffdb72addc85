import type { JsonObject } from '../../../platform/json.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { Assessment } from './assessments/assessments.model.ts';
import { cleanText } from './spans/spans.model.ts';
import type { Usage } from './spans/usage.model.ts';

export type NewTrace = {
  id: string;
  experimentId: number;
  clientRequestId: string | null;
  requestedAt: number;
  durationMs: number | null;
  state: string;
  /** What else the client says of it, given back as it came. */
  info: JsonObject;
  tags: Record<string, string>;
  metadata: Record<string, string>;
};
export type Trace = NewTrace & {
  name: string | null;
  session: string | null;
  /** Spans in the store. */
  spans: number;
  usage: Usage;
  assessments: Assessment[];
};

/** Tags and metadata that carry more than what a person wrote. */
export const TAG = {
  name: 'mlflow.traceName',
  artifactLocation: 'mlflow.artifactLocation',
  /** `TRACKING_STORE` once spans are here; clients then read them here and upload no file. */
  spansLocation: 'mlflow.trace.spansLocation',
} as const;
export const METADATA = {
  session: 'mlflow.trace.session',
  user: 'mlflow.trace.user',
  run: 'mlflow.sourceRun',
  sizes: 'mlflow.trace.sizeStats',
} as const;

const LONGEST = { key: 250, value: 8000 } as const;

export function checkTraceId(id: string): void {
  if (/^tr-[\w-]{1,64}$/.test(id)) return;
  throw experimentsError(
    'experiments.input.invalid',
    "Invalid value for parameter 'trace_id' supplied: not an id.",
  );
}

/** Pairs of a trace as rows; values beyond the limit are cut. @throws experiments.input.invalid for a key */
export function pairRows(traceId: string, pairs: Readonly<Record<string, string>>) {
  return Object.entries(pairs).map(([name, value]) => {
    const key = cleanText(name);
    if (!fitsKey(key)) {
      throw experimentsError('experiments.input.invalid', 'A key of a trace has 1 to 250 characters.');
    }
    return { trace_id: traceId, key, value: cutValue(value) };
  });
}

export const fitsKey = (key: string) => key !== '' && key.length <= LONGEST.key;
export const cutValue = (value: string) => cleanText(value.slice(0, LONGEST.value));

/** Tags that say where things lie are the server's own. @throws experiments.input.invalid */
export function checkTagKey(key: string): void {
  if (key !== TAG.spansLocation && key !== TAG.artifactLocation) return;
  throw experimentsError('experiments.input.invalid', `The tag "${key}" is set by the server alone.`);
}
