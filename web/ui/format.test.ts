import { describe, expect, test } from 'vitest';
import {
  ago,
  brief,
  bytes,
  count,
  duration,
  percent,
  plain,
  pValue,
  significant,
  utc,
  withInterval,
} from './format.ts';

describe('numbers for people', () => {
  test.each([
    [count(9_999), '9\u202f999'],
    [count(1_234_567), '1.23 M'],
    [count(null), '–'],
    [count(Number.NaN), '–'],
    [significant(0.000012, 2), '1.2e-5'],
    [significant(43.12, 3), '43.1'],
    [plain(-80), '−80'],
    [significant(-0.0312), '−0.0312'],
    [percent(0), '0 %'],
    [percent(0.0004), '< 0.1 %'],
    [percent(1), '100 %'],
    [pValue(0.00004), '< 0.001'],
    [bytes(2_810_000), '2.81 MB'],
    [withInterval(0.8731, 0.869, 0.877), '0.873 ± 0.004'],
    [brief(`sha256:${'ab'.repeat(32)}`), 'abababababab…'],
  ])('%s', (shown, expected) => expect(shown).toBe(expected));
});

describe('times', () => {
  test.each([
    [duration(38), '38 ms'],
    [duration(1_400), '1.4 s'],
    [duration(200_000), '3 min 20 s'],
    [duration(26 * 3_600_000), '1 d 2 h'],
    [utc('2001-02-16T14:05:09Z', 'second'), '2001-02-16 14:05:09'],
    [utc(null), '–'],
    [ago(1_000, 241_000), '4 min ago'],
    [ago(7_201_000, 1_000), 'in 2 h'],
  ])('%s', (shown, expected) => expect(shown).toBe(expected));
});
