import { randomBytes } from 'node:crypto';
import { experimentsError } from './experiments.contract.ts';

/** Limits of one request and of its parts; those of the MLflow tracking protocol. */
export const LIMITS = {
  key: 250,
  paramValue: 6000,
  tagValue: 8000,
  batchMetrics: 1000,
  batchParams: 100,
  batchTags: 100,
} as const;

export type MetricPoint = { key: string; value: number; step: number; time: number };
export type StoredNumber = { value: number; special: number };
const RUN_STATUSES = ['running', 'scheduled', 'finished', 'failed', 'killed'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** A value as two portable columns: databases differ in what they make of NaN and infinities. */
export function storeNumber(value: number): StoredNumber {
  if (Number.isNaN(value)) return { value: 0, special: 1 };
  if (value === Number.POSITIVE_INFINITY) return { value: Number.MAX_VALUE, special: 2 };
  if (value === Number.NEGATIVE_INFINITY) return { value: -Number.MAX_VALUE, special: 3 };
  return { value, special: 0 };
}

/** Inverse of `storeNumber`. */
export function loadNumber({ value, special }: StoredNumber): number {
  if (special === 0) return value;
  return special === 1 ? Number.NaN : special === 2 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}

/** A number as JSON can say it. */
export function wireNumber(value: number): number | 'NaN' | 'Infinity' | '-Infinity' {
  if (Number.isFinite(value)) return value;
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

type Ordered = { step: number; time: number; value: number };

/** Whether `a` is the later point: by step, then time, then stored value. */
export function isLater(a: Ordered, b: Ordered): boolean {
  if (a.step !== b.step) return a.step > b.step;
  if (a.time !== b.time) return a.time > b.time;
  return a.value > b.value;
}

const keyPattern = /^[\p{L}\p{N}_/. :-]+$/u;

/**
 * Checks the name of a metric, param, tag or artifact: 1 to 250 word characters, slashes, dots, dashes, colons
 * and spaces that form a normal relative path.
 * @throws experiments.key.invalid
 */
export function checkKey(key: string): string {
  const isPath = !key.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (key.length === 0 || key.length > LIMITS.key || !keyPattern.test(key) || !isPath) {
    throw experimentsError('experiments.key.invalid', 'This is not a legal name of a metric, param or tag.');
  }
  return key;
}

let lastTime = 0;
let counter = 0;

/** A new id as clients of tracking know them: 32 hex characters (48 bits of ms, 12 that count within one, 68 random), sorted by time. */
export function newHexId(now: number = Date.now()): string {
  if (now === lastTime) counter = (counter + 1) & 0xfff;
  else {
    lastTime = now;
    counter = 0;
  }
  const random = randomBytes(9).toString('hex').slice(0, 17);
  return now.toString(16).padStart(12, '0') + counter.toString(16).padStart(3, '0') + random;
}
