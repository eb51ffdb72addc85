import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { clientVersion, runProgram } from './python-client.ts';

const minutes = 300_000;

describe.skipIf(clientVersion === null)(`a newcomer with the client ${clientVersion}`, () => {
  let own: TestHouston;
  beforeAll(async () => {
    own = await startTestHouston();
  });
  afterAll(() => own?.end());

  it.each(['tracking', 'autolog', 'models', 'registry', 'tracing', 'reviews', 'command_line'])(
    'follows tutorial_%s.py to its last line',
    async (name) => {
      const env = { MLFLOW_ALLOW_PICKLE_DESERIALIZATION: 'true' };
      expect(await runProgram(`tutorial_${name}.py`, own.url, env)).toContain(`tutorial_${name}: done`);
    },
    minutes,
  );
});
