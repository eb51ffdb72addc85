import { randomBytes } from 'node:crypto';

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
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
  const random = randomBytes(14);
  let text = `${prefix}_`;
  for (let shift = 45; shift >= 0; shift -= 5) text += alphabet[Math.floor(time / 2 ** shift) & 31];
  text += alphabet[(counter >> 7) & 31];
  text += alphabet[(counter >> 2) & 31];
  text += alphabet[((counter & 3) << 3) | (random[13] & 7)];
  for (let i = 0; i < 13; i++) text += alphabet[random[i] & 31];
  return text;
}
