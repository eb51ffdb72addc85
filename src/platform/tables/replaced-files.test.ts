import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, parquetSource, sqlLiteral, type Tables, withFreshFiles } from './index.ts';

describe('reads of files that are replaced beside them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'houston-replaced-'));
  const [lines, sealed] = [join(folder, '1.ndjson'), join(folder, '1.parquet')];
  let tables: Tables;
  beforeAll(async () => {
    tables = await createTables();
  });
  afterAll(() => {
    tables.close();
    rmSync(folder, { recursive: true });
  });

  it('find what a file became after it was listed', async () => {
    writeFileSync(lines, '{"a":7}\n');
    await tables.run(`COPY (SELECT 7 AS a) TO ${sqlLiteral(sealed)} (FORMAT parquet)`);
    let reads = 0;
    const read = async () => {
      const source = existsSync(lines) ? `read_json(${sqlLiteral(lines)})` : parquetSource([sealed]);
      if (++reads === 1) rmSync(lines);
      return tables.query<{ a: number }>(`SELECT a FROM ${source}`);
    };
    expect(await withFreshFiles(read)).toEqual([{ a: 7 }]);
    expect(reads).toBe(2);
  });

  it('say so when a file stays away, and do not repeat what fails for another reason', async () => {
    let reads = 0;
    const read = (sql: string) => () => {
      reads++;
      return tables.query(sql);
    };
    await expect(
      withFreshFiles(read(`SELECT * FROM ${parquetSource([join(folder, 'none')])}`)),
    ).rejects.toThrow();
    expect(reads).toBe(20);
    await expect(withFreshFiles(read('SELECT nothing'))).rejects.toThrow();
    expect(reads).toBe(21);
  });
});
