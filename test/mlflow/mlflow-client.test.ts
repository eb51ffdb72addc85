import { describe, expect, it } from 'vitest';
import { createPostgresDatabase } from '../databases.ts';
import { startTestHouston } from '../houston.ts';
import { clientVersion, runProgram } from './python-client.ts';

const minutes = 300_000;
const webhookHosts = ['http://localhost:*'];

describe.skipIf(clientVersion === null)(`the MLflow client ${clientVersion}`, () => {
  it.each([
    'tracking.py',
    'system_metrics.py',
    'search.py',
    'models.py',
    'registry.py',
    'tracing.py',
    'webhooks.py',
    'genai_evaluation.py',
  ])(
    'runs %s to its last line on SQLite',
    async (program) => {
      const own = await startTestHouston({ webhookHosts });
      try {
        expect(await runProgram(program, own.url)).toContain(`${program.replace('.py', '')}: done`);
      } finally {
        await own.end();
      }
    },
    minutes,
  );

  it(
    'runs all but the models on PostgreSQL',
    async () => {
      for (const program of [
        'tracking.py',
        'search.py',
        'registry.py',
        'tracing.py',
        'webhooks.py',
        'genai_evaluation.py',
      ]) {
        const database = await createPostgresDatabase();
        const own = await startTestHouston({ database: database.url, webhookHosts });
        try {
          expect(await runProgram(program, own.url)).toContain('done');
        } finally {
          await own.end();
          await database.drop();
        }
      }
    },
    minutes,
  );
});
