/**
 * Vectors and scores of a request as bytes: base64 of big-endian float32 and float64, row after row. Numbers as texts cost
 * more to spell, and far more to read when a segment is sealed, than a small model costs to run. What is not finite is NaN,
 * read as NULL.
 */

/** Fewer values than this stay texts, which a person can read and which cost as little. */
export const leastPacked = 16;

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
/** Two digits of base64 for each value of twelve bits, in the order in which they lie in memory. */
const digitPairs = Uint16Array.from(
  { length: 4096 },
  (_, i) => digits.charCodeAt(i >> 6) | (digits.charCodeAt(i & 63) << 8),
);
const padding = 0x3d;

/** Where values are packed, for so many words of four bytes. */
type Room = {
  words: Uint32Array;
  floats: Float32Array;
  doubles: Float64Array;
  coded: Uint16Array;
  bytes: Uint8Array;
};

/** Larger room is not kept for the next request. */
const mostKept = 64 * 1024;
let kept = createRoom(4096);

function createRoom(count: number): Room {
  const words = new Uint32Array(count + 4 - (count % 2));
  const coded = new Uint16Array(Math.ceil(count / 3) * 8);
  return {
    words,
    floats: new Float32Array(words.buffer),
    doubles: new Float64Array(words.buffer),
    coded,
    bytes: new Uint8Array(coded.buffer),
  };
}

function roomOf(count: number): Room {
  if (count + 4 <= kept.words.length) return kept;
  const room = createRoom(count);
  if (count <= mostKept) kept = room;
  return room;
}

/** The values of a request's vectors, packed: the bytes of a text, valid until the next call. */
export function packVectors(values: ArrayLike<number>): Uint8Array {
  const { length } = values;
  const room = roomOf(length);
  const { words, floats } = room;
  floats.set(values);
  for (let i = 0; i < length; i++) if ((words[i] & 0x7f800000) === 0x7f800000) words[i] = 0x7fc00000;
  return encode(room, length);
}

/** The scores of a request's rows, packed as its vectors are. */
export function packScores(values: ArrayLike<number>): Uint8Array {
  const { length } = values;
  const room = roomOf(2 * length);
  const { words, doubles } = room;
  doubles.set(values);
  for (let i = 0; i < 2 * length; i += 2) {
    const isNumber = (words[i + 1] & 0x7ff00000) !== 0x7ff00000;
    const low = words[i];
    words[i] = isNumber ? words[i + 1] : 0x7ff80000;
    words[i + 1] = isNumber ? low : 0;
  }
  return encode(room, 2 * length);
}

/** Base64 of the first `count` words, each from its most significant bit on, as SQL reads bits. */
function encode({ words, coded, bytes }: Room, count: number): Uint8Array {
  words.fill(0, count, count + 2);
  let at = 0;
  for (let i = 0; i < count; i += 3) {
    const a = words[i];
    const b = words[i + 1];
    const c = words[i + 2];
    coded[at] = digitPairs[a >>> 20];
    coded[at + 1] = digitPairs[(a >>> 8) & 4095];
    coded[at + 2] = digitPairs[((a & 255) << 4) | (b >>> 28)];
    coded[at + 3] = digitPairs[(b >>> 16) & 4095];
    coded[at + 4] = digitPairs[(b >>> 4) & 4095];
    coded[at + 5] = digitPairs[((b & 15) << 8) | (c >>> 24)];
    coded[at + 6] = digitPairs[(c >>> 12) & 4095];
    coded[at + 7] = digitPairs[c & 4095];
    at += 8;
  }
  // Every three bytes are four digits; what is missing of the last three is padding.
  const length = 4 * Math.ceil((count * 4) / 3);
  const missing = (3 - ((count * 4) % 3)) % 3;
  bytes.fill(padding, length - missing, length);
  return bytes.subarray(0, length);
}

/** The values that `packVectors` has packed; NaN where one was not finite. */
export function unpackVectors(packed: string): Float32Array {
  const bytes = Buffer.from(packed, 'base64').swap32();
  const values = new Float32Array(bytes.length / 4);
  new Uint8Array(values.buffer).set(bytes);
  return values;
}

/** Of the packed vectors of so many rows those of row `u`, counted from one. */
export function packedRow(vectors: string, rows: string): string {
  const stride = `(octet_length(${vectors}) // ${rows})`;
  return `${vectors}[(u - 1) * ${stride} + 1 : u * ${stride}]`;
}

/** Of packed scores that of row `u`, counted from one. */
export function packedScore(scores: string): string {
  return `nullif((${scores}[u * 8 - 7 : u * 8])::BIT::DOUBLE, 'NaN'::DOUBLE)`;
}

const floatAt = (from: string) => `nullif((vector[${from} : ${from} + 3])::BIT::FLOAT, 'NaN'::FLOAT)`;

/** All values of a row, from whichever of its two columns has them. */
export const featuresSql = `CASE WHEN vector IS NULL THEN features
  ELSE list_transform(range(0, octet_length(vector) // 4), lambda i: ${floatAt('(i * 4 + 1)')}) END`;

/** One value of a row by its place, counted from one; NULL beyond its end. */
export function featureAt(place: number): string {
  return `CASE WHEN vector IS NULL THEN features[${place}]
    WHEN octet_length(vector) >= ${place * 4} THEN ${floatAt(String(place * 4 - 3))} END`;
}
