import { parse } from 'yaml';
import { HoustonError } from '../../../platform/errors.ts';
import { canonicalJson, type JsonObject } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { TrackingDoor } from '../../experiments/index.ts';
import { CONVERTIBLE } from '../conversion/conversion.contract.ts';
import type { ModelFormat, ModelSignature, Tensor } from '../registry.contract.ts';
import { describeBlob } from '../registry.service.ts';

/** What a folder of a packaged model turned out to be. */
export type PackagedModel = {
  digest: string;
  flavor: string;
  signature: ModelSignature;
  format: ModelFormat;
  /** What a person should know; empty when Houston can serve it. */
  message: string;
};

type ModelFile = {
  flavors?: Record<string, JsonObject>;
  signature?: { inputs?: unknown; outputs?: unknown };
  saved_input_example_info?: JsonObject;
};

const isConvertible = (flavor: string) => CONVERTIBLE.some((one) => one === flavor);

const emptyFormat: ModelFormat = { irVersion: 0, producer: 'mlflow', opsets: [], nodes: 0, operators: {} };

/**
 * Looks into a folder of the artifact store. With an ONNX flavor the version is the ONNX file itself; otherwise it is
 * a manifest of all files, so that the version still stands for exact bytes. Nothing is unpickled or run.
 */
export async function inspectPackage(
  scope: Scope,
  tracking: TrackingDoor,
  place: { owner: string; path: string } | null,
  source: string,
): Promise<PackagedModel> {
  const files = place ? await tracking.artifactsBelow(scope, place) : [];
  const from = place && place.path !== '' ? place.path.length + 1 : 0;
  const named = new Map(files.map(({ path, digest }) => [path.slice(from), digest]));
  const description = await readModelFile(scope, named.get('MLmodel'));
  const signature = {
    inputs: tensors(description?.signature?.inputs),
    outputs: tensors(description?.signature?.outputs),
    features: null,
  };
  const flavors = Object.keys(description?.flavors ?? {});
  const onnxFile = description?.flavors?.onnx?.data;
  let message = '';
  if (typeof onnxFile === 'string' && named.has(onnxFile)) {
    const digest = named.get(onnxFile)!;
    try {
      const described = await describeBlob(scope, digest);
      return { digest, flavor: 'onnx', signature: described.signature, format: described.format, message };
    } catch (error) {
      if (!(error instanceof HoustonError)) throw error;
      message = `Recorded only: ${error.message} ${error.next}`;
    }
  }
  const flavor = flavors.find((name) => name !== 'python_function') ?? flavors[0] ?? 'external';
  const manifest = canonicalJson({ source, flavors, files: Object.fromEntries(named) });
  const { digest } = await scope.platform.blobs.put(Buffer.from(manifest));
  message ||=
    named.size === 0
      ? 'Recorded only: the files lie outside this server.'
      : isConvertible(flavor)
        ? `Recorded so far: Houston serves ONNX, and this is ${flavor}. Convert it to deploy it.`
        : `Recorded only: Houston serves ONNX, and this is ${flavor}. Log the model as ONNX to deploy it.`;
  return { digest, flavor, signature, format: emptyFormat, message };
}

/** The description that lies beside a packaged model; undefined when it is missing or no YAML. */
export async function readModelFile(
  scope: Scope,
  digest: string | undefined,
): Promise<ModelFile | undefined> {
  if (digest === undefined || (await scope.platform.blobs.size(digest)) > 4 * 1024 * 1024) return undefined;
  try {
    const value: unknown = parse((await scope.platform.blobs.get(digest)).toString('utf8'), {
      maxAliasCount: 100,
    });
    return typeof value === 'object' && value !== null ? (value as ModelFile) : undefined;
  } catch {
    return undefined;
  }
}

const types: Readonly<Record<string, string>> = {
  double: 'FP64',
  float: 'FP32',
  float64: 'FP64',
  float32: 'FP32',
  long: 'INT64',
  int64: 'INT64',
  integer: 'INT32',
  int32: 'INT32',
  boolean: 'BOOL',
  bool: 'BOOL',
};

/** Columns or tensors of a signature, which the file holds as JSON text. */
function tensors(text: unknown): Tensor[] {
  if (typeof text !== 'string') return [];
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list)) return [];
    return list.flatMap((one: Record<string, unknown>, i) => {
      const spec = (one['tensor-spec'] ?? {}) as { dtype?: string; shape?: number[] };
      const type = spec.dtype ?? one.type;
      if (typeof type !== 'string') return [];
      const shape = Array.isArray(spec.shape) ? spec.shape : [-1];
      return [{ name: String(one.name ?? `${i}`), datatype: types[type] ?? 'BYTES', shape }];
    });
  } catch {
    return [];
  }
}
