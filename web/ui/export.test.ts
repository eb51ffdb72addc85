import { expect, test } from 'vitest';
import { toCsv } from './export.ts';

test('CSV quotes what must be quoted and disarms formulas', () => {
  const csv = toCsv([
    { name: 'a,"b"', value: 1 },
    { name: '=HYPERLINK("x")', extra: null },
  ]);
  expect(csv).toBe('name,value,extra\r\n"a,""b""",1,\r\n"\'=HYPERLINK(""x"")",,');
});
