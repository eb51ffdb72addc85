/** Numbers and times for people. Missing is shown as an en dash, never as zero. */
export const MISSING = '–';

const SCALES: [number, string][] = [
  [1e12, ' T'],
  [1e9, ' G'],
  [1e6, ' M'],
  [1e3, ' k'],
];

type Maybe = number | null | undefined;

/** A minus as wide as a plus, as it is printed. */
export function minus(text: string): string {
  return text.replace(/^-/, '−');
}

function given(value: Maybe): value is number {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** 1234567 → "1.23 M"; below ten thousand exact. */
export function count(value: Maybe): string {
  if (!given(value)) return MISSING;
  if (Math.abs(value) < 10_000) return Number.isInteger(value) ? group(value) : significant(value, 3);
  for (const [size, suffix] of SCALES) {
    if (Math.abs(value) >= size) return `${significant(value / size, 3)}${suffix}`;
  }
  return String(value);
}

/** 1234567 → "1 234 567" with narrow spaces that do not break; `decimals` fixes how many stand behind the point. */
export function group(value: Maybe, decimals?: number): string {
  if (!given(value)) return MISSING;
  const digits =
    decimals === undefined
      ? { maximumFractionDigits: 6 }
      : { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return minus(value.toLocaleString('en-GB', digits).replaceAll(',', '\u202f'));
}

/** To `digits` significant figures, without an exponent in the usual range. */
export function significant(value: Maybe, digits = 3): string {
  if (!given(value)) return MISSING;
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return minus(value.toExponential(digits - 1).replace('e+', 'e'));
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return minus(value.toFixed(decimals));
}

/** A value of data: whole numbers as they are, others to `digits` figures. */
export function plain(value: Maybe, digits = 4): string {
  if (!given(value)) return MISSING;
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? group(value) : significant(value, digits);
}

/** A metric between about 0 and 1: three decimals. */
export function metric(value: Maybe, decimals = 3): string {
  if (!given(value)) return MISSING;
  return Math.abs(value) >= 1000 ? count(value) : minus(value.toFixed(decimals));
}

/** 0.8731 with [0.869, 0.877] → "0.873 ± 0.004". */
export function withInterval(value: Maybe, low: Maybe, high: Maybe, decimals = 3): string {
  if (!given(value)) return MISSING;
  if (!given(low) || !given(high)) return metric(value, decimals);
  return `${metric(value, decimals)} ± ${((high - low) / 2).toFixed(decimals)}`;
}

export function percent(share: Maybe, decimals = 1): string {
  if (!given(share)) return MISSING;
  const least = 0.5 * 10 ** -(decimals + 2);
  if (share > 0 && share < least) return `< ${(10 ** -decimals).toFixed(decimals)} %`;
  return `${(share * 100).toFixed(Math.abs(share) >= 0.9995 || share === 0 ? 0 : decimals)} %`;
}

export function pValue(value: Maybe): string {
  if (!given(value)) return MISSING;
  return value < 0.001 ? '< 0.001' : value.toFixed(3);
}

export function bytes(value: Maybe): string {
  if (!given(value)) return MISSING;
  if (value < 1000) return `${value} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let size = value;
  let at = -1;
  while (size >= 999.5 && at < units.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${significant(size, 3)} ${units[at]}`;
}

/** Milliseconds → "38 ms", "1.4 s", "3 min 20 s", "2 h 5 min", "3 d 4 h". */
export function duration(ms: Maybe): string {
  if (!given(ms)) return MISSING;
  if (ms < 1) return `${significant(ms, 2)} ms`;
  if (ms < 1000) return `${ms < 10 ? significant(ms, 2) : Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const pairs: [number, string, number, string][] = [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ];
  for (const [big, bigName, small, smallName] of pairs) {
    if (seconds < big) continue;
    const whole = Math.floor(seconds / big);
    const rest = Math.floor((seconds % big) / small);
    return rest > 0 ? `${whole} ${bigName} ${rest} ${smallName}` : `${whole} ${bigName}`;
  }
  return `${Math.round(seconds)} s`;
}

export type TimeLike = string | number | Date | null | undefined;

/** Milliseconds of a time given as ISO text, number or Date; null when there is none. */
export function toMs(time: TimeLike): number | null {
  if (time === null || time === undefined || time === '') return null;
  const ms = time instanceof Date ? time.getTime() : typeof time === 'number' ? time : Date.parse(time);
  return Number.isFinite(ms) ? ms : null;
}

/** "2001-02-16 14:05:09" in UTC; the zone is named where the value stands. */
export function utc(time: TimeLike, precision: 'day' | 'minute' | 'second' | 'ms' = 'minute'): string {
  const ms = toMs(time);
  if (ms === null) return MISSING;
  const text = new Date(ms).toISOString().replace('T', ' ');
  const ends = { day: 10, minute: 16, second: 19, ms: 23 };
  return text.slice(0, ends[precision]);
}

/** "4 min ago", "in 2 h"; beyond a month the date. */
export function ago(time: TimeLike, now = Date.now()): string {
  const ms = toMs(time);
  if (ms === null) return MISSING;
  const gap = now - ms;
  const size = Math.abs(gap);
  if (size < 5_000) return 'just now';
  if (size > 31 * 86_400_000) return utc(ms, 'day');
  const text = size < 60_000 ? `${Math.round(size / 1000)} s` : (duration(size).match(/^\d+ \S+/)?.[0] ?? '');
  return gap >= 0 ? `${text} ago` : `in ${text}`;
}

/** "sha256:9f86d081884c…" → "9f86d0818". */
export function shortDigest(digest: string, length = 12): string {
  return digest.replace(/^sha256:/, '').slice(0, length);
}

/** A value of unknown kind as one short line. */
export function brief(value: unknown, limit = 80): string {
  if (value === null || value === undefined) return MISSING;
  if (typeof value === 'number') return Number.isInteger(value) ? group(value) : significant(value, 4);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const raw = typeof value === 'string' ? value : JSON.stringify(value);
  const text = raw.replaceAll(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, '$1…');
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

/** Plural by count: plural(1, 'row') → "1 row", plural(3000000, 'row') → "3.00 M rows". */
export function plural(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`;
}
