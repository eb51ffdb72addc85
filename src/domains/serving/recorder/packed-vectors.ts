/**
 * Vectors of a request as bytes: base64 of big-endian float32, row after row. Numbers as texts cost more to spell, and
 * far more to read when a segment is sealed, than a small model costs to run. What is not finite is NaN, read as NULL.
 */

/** Fewer values than this stay texts, which a person can read and which cost as little. */
export const leastPacked = 16;

/** Larger room is not kept for the next request. */
const mostKept = 64 * 1024;
let room = new Float32Array(1024);

/** The values of a request's vectors, packed. */
export function packVectors(values: ArrayLike<number>): string {
  const { length } = values;
  const floats = length <= room.length ? room : new Float32Array(length);
  if (length <= mostKept) room = floats;
  floats.set(values);
  for (let i = 0; i < length; i++) if (floats[i] - floats[i] !== 0) floats[i] = Number.NaN;
  // SQL reads bits from the most significant on.
  return Buffer.from(floats.buffer, 0, length * 4)
    .swap32()
    .toString('base64');
}

/** The values that `packVectors` has packed; NaN where one was not finite. */
export function unpackVectors(packed: string): Float32Array {
  const bytes = Buffer.from(packed, 'base64').swap32();
  const values = new Float32Array(bytes.length / 4);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

/** Of a packed request (`fb`, and `fw` values a row) the bytes of row `u`, counted from one. */
export const packedRow = 'fb[(u - 1) * fw * 4 + 1 : u * fw * 4]';

const floatAt = (from: string) => `nullif((vector[${from} : ${from} + 3])::BIT::FLOAT, 'NaN'::FLOAT)`;

/** All values of a row, from whichever of its two columns has them. */
export const featuresSql = `CASE WHEN vector IS NULL THEN features
  ELSE list_transform(range(0, octet_length(vector) // 4), lambda i: ${floatAt('(i * 4 + 1)')}) END`;

/** One value of a row by its place, counted from one; NULL beyond its end. */
export function featureAt(place: number): string {
  return `CASE WHEN vector IS NULL THEN features[${place}]
    WHEN octet_length(vector) >= ${place * 4} THEN ${floatAt(String(place * 4 - 3))} END`;
}
