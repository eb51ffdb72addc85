import { describe, expect, it } from 'vitest';
import { startTestHouston } from '../houston.ts';
import { clientVersion, runProgram } from './python-client.ts';

/** Each program converts many models; on a busy machine every one of them starts Python slowly. */
const minutes = 900_000;

describe.skipIf(clientVersion === null)('models of every flavour', () => {
  it.each(['conversion.py', 'flavours.py'])(
    'are logged, converted, deployed, and say what their library says: %s',
    async (program) => {
      const own = await startTestHouston({ python: process.env.HOUSTON_TEST_PYTHON! });
      try {
        const env = { MLFLOW_ALLOW_PICKLE_DESERIALIZATION: 'true' };
        expect(await runProgram(program, own.url, env, [], minutes)).toContain(
          `${program.replace('.py', '')}: done`,
        );
      } finally {
        await own.end();
      }
    },
    minutes,
  );
});
