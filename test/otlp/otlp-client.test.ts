import { describe, expect, it } from 'vitest';
import { createPostgresDatabase, hasPostgres } from '../databases.ts';
import { startTestHouston } from '../houston.ts';
import { clientVersion, runProgram } from '../mlflow/python-client.ts';

const minutes = 300_000;

describe.skipIf(clientVersion === null)('OpenTelemetry and MLflow clients that trace', () => {
  it.each([
    ['../otlp/exporter.py', 'exporter: done'],
    ['tracing_search.py', 'tracing_search: done'],
  ])(
    'run %s to its last line on SQLite',
    async (program, last) => {
      const own = await startTestHouston();
      try {
        expect(await runProgram(program, own.url)).toContain(last);
      } finally {
        await own.end();
      }
    },
    minutes,
  );

  it.skipIf(!hasPostgres)(
    'run to their last lines on PostgreSQL',
    async () => {
      const database = await createPostgresDatabase();
      const own = await startTestHouston({ database: database.url });
      try {
        expect(await runProgram('tracing_search.py', own.url)).toContain('tracing_search: done');
        expect(await runProgram('../otlp/exporter.py', own.url)).toContain('exporter: done');
      } finally {
        await own.end();
        await database.drop();
      }
    },
    minutes,
  );
});
