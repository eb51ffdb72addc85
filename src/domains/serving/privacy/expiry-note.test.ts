import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { nothingExpired, openExpiryNote } from './expiry-note.ts';

const folder = mkdtempSync(join(tmpdir(), 'houston-expiry-'));
const path = join(folder, 'expired.json');
const file = join(folder, '000001.parquet');
beforeEach(() => {
  rmSync(path, { force: true });
  writeFileSync(file, 'old');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const counts = { ...nothingExpired(), predictions: 2, fields: { email: 3 }, files: 1 };
const replace = () => {
  writeFileSync(`${file}.tmp`, 'old');
  renameSync(`${file}.tmp`, file);
};

test('a death before the file is replaced counts nothing, one after it counts it', () => {
  const first = openExpiryNote(path);
  first.begin(file, counts);
  const second = openExpiryNote(path);
  expect([second.id, second.removed]).toEqual([first.id, nothingExpired()]);
  second.begin(file, counts);
  replace();
  const third = openExpiryNote(path);
  expect(third.removed).toEqual(counts);
  third.begin(file, counts);
  rmSync(file);
  const fourth = openExpiryNote(path);
  expect(fourth.removed).toMatchObject({ predictions: 4, fields: { email: 6 } });
  fourth.remove();
  const next = openExpiryNote(path);
  expect(next.removed).toEqual(nothingExpired());
  expect(next.id).not.toBe(first.id);
});
