import { createHash } from 'node:crypto';
import type { NamedTensor } from '../runtime/tensors.ts';

/**
 * SHA-256 of all that a run is given: name, datatype, shape and every bit of each tensor. Two inputs with the same
 * digest are the same input, also when somebody tries to make them differ. Each part says its length, so that no two
 * lists of tensors are spelt alike.
 */
export function inputDigest(feeds: readonly NamedTensor[]): string {
  const hash = createHash('sha256');
  for (const { name, datatype, shape, data } of feeds) {
    hash.update(`${name.length}:${name}${datatype}[${shape.join(',')}]`);
    if (Array.isArray(data)) {
      for (const text of data) hash.update(`${text.length}:${text}`);
    } else {
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  return hash.digest('base64');
}
