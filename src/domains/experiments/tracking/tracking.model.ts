import { randomInt } from 'node:crypto';
import { experimentsError } from '../experiments.contract.ts';
import { checkKey, LIMITS, type MetricPoint, type RunStatus } from '../experiments.model.ts';

export type Stage = 'active' | 'deleted';

export type TrackedExperiment = {
  id: number;
  name: string;
  stage: Stage;
  artifactLocation: string;
  tags: Record<string, string>;
  createdAt: number;
  updatedAt: number;
};

export type Dataset = {
  name: string;
  digest: string;
  sourceType: string;
  source: string;
  schema: string | null;
  profile: string | null;
};
export type DatasetInput = { dataset: Dataset; context: string | null; tags: Record<string, string> };

/** A run without what was logged to it. */
export type BareRun = {
  id: string;
  experimentId: number;
  name: string;
  parent: string | null;
  user: string;
  status: RunStatus;
  stage: Stage;
  startedAt: number;
  endedAt: number | null;
  artifactUri: string;
};

/** A run with everything that a tracking client asks for. */
export type TrackedRun = BareRun & {
  /** The latest point of each key. */
  metrics: MetricPoint[];
  params: Record<string, string>;
  tags: Record<string, string>;
  datasets: DatasetInput[];
  models: ModelLink[];
};

/** A logged model that a run used or made. */
export type ModelLink = { modelId: string; direction: 'input' | 'output'; step: number };
/** A point that may also be about a logged model, on a dataset. */
export type BatchPoint = MetricPoint & {
  modelId?: string | undefined;
  datasetName?: string | undefined;
  datasetDigest?: string | undefined;
};

export type Pair = { key: string; value: string };
export type Batch = { metrics?: readonly BatchPoint[]; params?: readonly Pair[]; tags?: readonly Pair[] };

/** The server's own artifact store, as clients name it. */
const ARTIFACT_SCHEME = 'mlflow-artifacts:';
export const DEFAULT_EXPERIMENT = { id: 0, name: 'Default' } as const;

export const experimentLocation = (id: number, given: string | null): string =>
  given ?? `${ARTIFACT_SCHEME}/${id}`;

export const modelLocation = (experimentLocation: string, modelId: string): string =>
  `${experimentLocation}/models/${modelId}/artifacts`;

export const runLocation = (experimentId: number, runId: string, given: string | null): string =>
  given ?? `${experimentLocation(experimentId, null)}/${runId}/artifacts`;

const invalid = (path: string, why: string) =>
  experimentsError('experiments.input.invalid', `Invalid value for parameter '${path}' supplied: ${why}`);

/** A name of a metric, param or tag; the error names the field that holds it. */
export function checkKeyAt(key: string, path: string): void {
  try {
    checkKey(key);
  } catch {
    throw invalid(
      path,
      `names hold 1 to ${LIMITS.key} letters, digits, spaces and _ / . : - and read as a relative path.`,
    );
  }
}

/** Checks a batch as a whole: sizes, names, values. @throws experiments.batch.too_large, experiments.input.invalid */
export function checkBatch({ metrics = [], params = [], tags = [] }: Batch): void {
  atMost(metrics.length, LIMITS.batchMetrics, 'metrics');
  atMost(params.length, LIMITS.batchParams, 'params');
  atMost(tags.length, LIMITS.batchTags, 'tags');
  atMost(metrics.length + params.length + tags.length, LIMITS.batchMetrics, 'metrics, params and tags');
  const known = new Set<string>();
  for (let i = 0; i < metrics.length; i++) {
    const { key, step, time } = metrics[i]!;
    if (!known.has(key)) {
      checkKeyAt(key, `metrics[${i}].key`);
      known.add(key);
    }
    if (!Number.isSafeInteger(time) || time < 0) {
      throw invalid(`metrics[${i}].timestamp`, 'it is a whole number of milliseconds from 0.');
    }
    if (!Number.isSafeInteger(step)) {
      throw invalid(`metrics[${i}].step`, 'it is a whole number within ±(2^53 − 1).');
    }
  }
  params.forEach(({ key }, i) => {
    checkKeyAt(key, `params[${i}].key`);
  });
  tags.forEach(({ key }, i) => {
    checkKeyAt(key, `tags[${i}].key`);
  });
}

function atMost(count: number, most: number, what: string): void {
  if (count <= most) return;
  throw experimentsError(
    'experiments.batch.too_large',
    `A batch holds at most ${most} ${what}; this one has ${count}.`,
  );
}

/**
 * One value per key: the last for tags, the only one for params. Values beyond the limit are cut, as clients of
 * tracking servers expect.
 * @throws experiments.param.immutable for two values of one param
 */
export function pairsToRecord(
  pairs: readonly Pair[],
  longest: number,
  isFixed: boolean,
): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (const { key, value } of pairs) {
    const cut = value.length > longest ? value.slice(0, longest) : value;
    if (isFixed && key in record && record[key] !== cut) {
      throw experimentsError(
        'experiments.param.immutable',
        `The batch has two values of the param "${key}".`,
      );
    }
    record[key] = cut;
  }
  return record;
}

/** A name for a run that nobody named, such as `steady-comet-417`. */
export function randomRunName(): string {
  const pick = (words: readonly string[]) => words[randomInt(words.length)]!;
  return `${pick(manners)}-${pick(bodies)}-${randomInt(1000)}`;
}

const manners =
  'able bold brave bright calm clear crisp daring deft eager fair fleet gentle grand keen lively lucid nimble patient quick quiet ready sharp silent smooth steady sure swift true vivid warm wise'.split(
    ' ',
  );
const bodies =
  'apollo aquila asteroid atlas callisto capella ceres comet corona cygnus deneb europa galaxy ganymede halley io juno jupiter luna lyra meteor mira nebula nova orbit orion pallas phoebe polaris pulsar quasar rhea rigel saturn sirius solstice titan vega vesta zenith'.split(
    ' ',
  );
