import type { JsonObject } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import { readModelFile } from '../catalog/packaged-model.ts';
import type { VersionRow } from '../registry.tables.ts';
import { CONVERTIBLE, type ConvertibleFlavor, conversionError } from './conversion.contract.ts';

/** What a version was registered as: exact files, and what they say of themselves. */
export type PackageFiles = {
  flavor: ConvertibleFlavor;
  /** Path within the package → digest. */
  files: Record<string, string>;
  flavors: Record<string, JsonObject>;
  /** Columns or tensors of the logged signature, as the package writes them. */
  inputs: unknown;
  example: JsonObject | null;
  /** Loading the model runs what stands in it. */
  isPickle: boolean;
};

const mostBytes = 2 * 1024 ** 3;

/**
 * The files behind a version that is not ONNX in one file. They are those of its registration, whatever has become
 * of the artifacts since.
 * @throws registry.conversion.unsupported
 */
export async function readPackage(
  scope: Scope,
  row: Pick<VersionRow, 'flavor' | 'digest'>,
): Promise<PackageFiles> {
  const flavor = CONVERTIBLE.find((one) => one === row.flavor);
  if (!flavor) throw unsupported(`Models of the flavor ${row.flavor} are not converted.`);
  const { files } = JSON.parse((await scope.platform.blobs.get(row.digest)).toString()) as {
    files: Record<string, string>;
  };
  const description = await readModelFile(scope, files.MLmodel);
  const settings = description?.flavors?.[flavor];
  if (!description || !settings) throw unsupported('The files of the model do not lie in this server.');
  let bytes = 0;
  for (const digest of Object.values(files)) bytes += await scope.platform.blobs.size(digest);
  if (bytes > mostBytes) throw unsupported('The model is larger than 2 GiB.');
  return {
    flavor,
    files,
    flavors: description.flavors!,
    inputs: parseJson(description.signature?.inputs),
    example: description.saved_input_example_info ?? null,
    isPickle: isPickle(flavor, settings),
  };
}

const unsupported = (message: string) => conversionError('registry.conversion.unsupported', message);

function isPickle(flavor: ConvertibleFlavor, settings: JsonObject): boolean {
  const isSkops = settings.serialization_format === 'skops';
  if (flavor === 'sklearn') return !isSkops;
  if (flavor === 'lightgbm')
    return !isSkops && !String(settings.model_class ?? 'lightgbm.Booster').endsWith('.Booster');
  return flavor === 'pytorch';
}

function parseJson(text: unknown): unknown {
  try {
    return typeof text === 'string' ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}
