import { randomFillSync } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
/** Random bytes are drawn for many ids at once; each is used once. */
const pool = Buffer.alloc(14 * 256);
let used = pool.length;
let lastTime = 0;
let counter = 0;

/**
 * A new id such as `run_01k9x3…`: a prefix, then 26 characters of Crockford base32 that sort by time
 * (48 bits of milliseconds, 12 bits that count within a millisecond, 68 random bits).
 */
export function newId(prefix: string, time: number = Date.now()): string {
  if (time === lastTime) counter = (counter + 1) & 0xfff;
  else {
    lastTime = time;
    counter = 0;
  }
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const at = used;
  used += 14;
  let text = `${prefix}_`;
  for (let shift = 45; shift >= 0; shift -= 5) text += alphabet[Math.floor(time / 2 ** shift) & 31];
  text += alphabet[(counter >> 7) & 31];
  text += alphabet[(counter >> 2) & 31];
  text += alphabet[((counter & 3) << 3) | (pool[at + 13] & 7)];
  for (let i = 0; i < 13; i++) text += alphabet[pool[at + i] & 31];
  return text;
}
