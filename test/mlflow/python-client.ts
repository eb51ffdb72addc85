import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const python = process.env.HOUSTON_TEST_PYTHON ?? '';

function versionOfClient(): string | null {
  if (python === '') return null;
  try {
    const code = 'import importlib.metadata as m; print(m.version("mlflow"), m.version("scikit-learn"))';
    return execFileSync(python, ['-c', code], { encoding: 'utf8' }).trim().split(' ')[0]!;
  } catch {
    return null;
  }
}

/** Version of the installed client, or null when the tests with it cannot run here; a failure in CI. */
export const clientVersion = versionOfClient();
if (clientVersion === null) {
  const reason = 'HOUSTON_TEST_PYTHON names no Python with mlflow and scikit-learn';
  if (process.env.CI === 'true') throw new Error(`CI needs the MLflow client: ${reason}.`);
  process.stderr.write(`Skipped with the MLflow client: ${reason}.\n`);
}

/** Runs a program of this folder with the client pointed at `url`, and gives what it printed. */
export async function runProgram(
  name: string,
  url: string,
  env: Record<string, string> = {},
  args: readonly string[] = [],
  timeout = 280_000,
): Promise<string> {
  const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, name), ...args], {
    env: {
      ...process.env,
      MLFLOW_TRACKING_URI: url,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      MLFLOW_DISABLE_TELEMETRY: 'true',
      PYTHONWARNINGS: 'ignore',
      ...env,
    },
    timeout,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
