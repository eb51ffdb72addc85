import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestPlatform } from '../../../test/databases.ts';
import type { ServerStepKind, StepContext } from '../../platform/engines/steps.ts';
import type { JsonObject } from '../../platform/json.ts';
import { createTables, sqlLiteral, type Tables } from '../../platform/tables/index.ts';
import { parseDuration, processSteps } from './data.process-steps.ts';
import { versionRef } from './data.steps.ts';
import { createDataDomain } from './index.ts';
import { dataTables } from './migrations/data-001-datasets.ts';

const split = processSteps['data/split-by-time'];

describe('data/split-by-time', () => {
  let tables: Tables;
  let folder: string;
  let table: JsonObject;
  beforeAll(async () => {
    tables = await createTables({ threads: 1 });
    folder = mkdtempSync(join(tmpdir(), 'houston-split-'));
    const path = join(folder, 'table.parquet');
    // Ten rows an hour for a hundred days, in no order.
    await tables.run(
      `COPY (SELECT TIMESTAMP '2001-01-01' + to_hours(range // 10) AS __time, range AS n FROM range(24000) ORDER BY hash(range)) TO ${sqlLiteral(path)} (FORMAT parquet)`,
    );
    table = { digest: 'sha256:0', size: 1, path };
  });
  afterAll(() => {
    tables.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (withValues: JsonObject) => {
    const outputDir = mkdtempSync(join(folder, 'out-'));
    const result = await split({
      input: { table, timeColumn: '__time', ...withValues },
      outputDir,
      log: () => {},
      progress: () => {},
      signal: new AbortController().signal,
    });
    const range = async (name: string) => {
      const [row] = await tables.query<{ a: number; b: number }>(
        `SELECT min(__time) AS a, max(__time) AS b FROM read_parquet(${sqlLiteral(result.files![name])})`,
      );
      return [new Date(row.a).toISOString(), new Date(row.b).toISOString()];
    };
    return { ...result, range };
  };

  it('keeps the order of the table among rows of one moment', async () => {
    const path = join(folder, 'ties.parquet');
    await tables.run(
      `COPY (SELECT TIMESTAMP '2001-01-01' + to_hours(range // 50000) AS __time, range AS n FROM range(300000)) TO ${sqlLiteral(path)} (FORMAT parquet)`,
    );
    const { files } = await run({ table: { digest: 'sha256:1', size: 1, path }, test: '3h' });
    for (const name of ['train', 'test']) {
      const source = `read_parquet(${sqlLiteral(files![name])})`;
      const [row] = await tables.query<{ strays: number }>(
        `SELECT count(*) AS strays FROM (SELECT n - lag(n) OVER (ORDER BY file_row_number) AS step FROM ${source}) WHERE step < 1`,
      );
      expect(row.strays).toBe(0);
    }
  });

  it('cuts by duration, and nothing of the test lies before the cut', async () => {
    const { outputs, range, files } = await run({ test: '14d' });
    expect(Object.keys(files!)).toEqual(['train', 'test']);
    const [trainFrom, trainTo] = await range('train');
    const [testFrom, testTo] = await range('test');
    expect([trainFrom, testTo]).toEqual(['2001-01-01T00:00:00.000Z', '2001-04-10T23:00:00.000Z']);
    expect([trainTo, testFrom]).toEqual(['2001-03-27T22:00:00.000Z', '2001-03-27T23:00:00.000Z']);
    expect(outputs).toMatchObject({
      rows: { train: 24000 - (14 * 24 + 1) * 10, test: (14 * 24 + 1) * 10 },
      boundaries: { test: '2001-03-27T23:00:00.000Z', validation: null },
    });
  });

  it('cuts by share, with validation, window and gap; rows of one moment stay together', async () => {
    const { outputs, range } = await run({ test: 0.2, validation: '5d', trainWindow: '30d', gap: '6h' });
    const [, trainTo] = await range('train');
    const [validationFrom, validationTo] = await range('validation');
    const [testFrom] = await range('test');
    expect(trainTo < validationFrom && validationTo < testFrom).toBe(true);
    expect(Date.parse(validationFrom) - Date.parse(trainTo)).toBe(7 * 3_600_000);
    const rows = outputs.rows as Record<string, number>;
    expect(rows.train).toBe(30 * 24 * 10);
    expect(rows.validation).toBe(5 * 24 * 10);
    expect(Math.abs(rows.test - 4800)).toBeLessThanOrEqual(10);
    expect(rows.test % 10).toBe(0);
  });

  it.each([
    [{ test: '400d' }, 'no rows'],
    [{ test: 'soon' }, 'not a duration'],
    [{ test: 1.5 }, 'between 0 and 1'],
    [{ test: '7d', gap: '365d' }, 'no rows'],
  ])('refuses %j', async (withValues, message) => {
    await expect(run(withValues as JsonObject)).rejects.toThrow(message);
  });

  it('reads durations', () => {
    expect(['90s', '30m', '12h', '14d', '2w'].map(parseDuration)).toEqual([
      9e4, 18e5, 432e5, 12096e5, 12096e5,
    ]);
  });
});

describe('data/validate', () => {
  it('pins the version, records the outcome, and fails the run on a critical failure', async () => {
    const { platform, cleanup } = await openTestPlatform('sqlite', [dataTables]);
    try {
      const scope = platform.systemScope('job:test');
      const data = createDataDomain(platform, {});
      const step = data.steps.find((one) => one.name === 'data/validate') as ServerStepKind;
      await data.putDataset(scope, 'words', {});
      const content = [Buffer.from('id\n1\n2\n')] as unknown as AsyncIterable<Uint8Array>;
      await data.uploadVersion(scope, 'words', { content, format: 'csv' });
      const run = { runId: 'run_1', step: 'validate', stepSubject: 'step:run_1/validate' } as StepContext;
      const input = await step.prepare!(scope, { dataset: 'words' }, run);
      expect(input).toMatchObject({
        dataset: 'words',
        version: 1,
        digest: expect.stringMatching(/^sha256:/),
      });
      const lines: string[] = [];
      const execute = (given: JsonObject) =>
        step.execute({
          scope,
          input: given,
          log: (line) => void lines.push(line),
          progress: () => {},
          run,
          signal: new AbortController().signal,
        });
      const passed = await execute(input);
      expect(passed).toMatchObject({
        outputs: { version: 1, success: true, rows: 2 },
        uses: ['dataset:words@1'],
      });
      await data.putDataset(scope, 'words', {
        expectations: [{ type: 'expect_column_max_to_be_between', kwargs: { column: 'id', max_value: 1 } }],
      });
      await expect(execute(input)).rejects.toMatchObject({ code: 'data.version.unfit' });
      expect(lines.some((line) => line.startsWith('FAILED (critical)'))).toBe(true);
      expect(await execute({ ...input, onFailure: 'stop' })).toMatchObject({ stopped: expect.any(String) });
      expect(await execute({ ...input, onFailure: 'continue' })).toMatchObject({
        outputs: { success: false, failed: 1 },
      });
    } finally {
      await cleanup();
    }
  });

  it('reads version numbers that arrive as text', () => {
    expect([versionRef('3'), versionRef(2), versionRef('latest'), versionRef(undefined)]).toEqual([
      3,
      2,
      'latest',
      'latest',
    ]);
  });
});
