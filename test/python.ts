import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

const python = process.env.HOUSTON_TEST_PYTHON ?? 'python3';

/** Whether a Python that has these modules is here; without it CI fails and a bare machine prints why it skips. */
export function hasPython(...modules: string[]): boolean {
  const found = spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0;
  if (found) return true;
  const reason = `${python} with ${modules.join(', ')} is missing (HOUSTON_TEST_PYTHON names another).`;
  if (process.env.CI === 'true') throw new Error(`CI needs Python: ${reason}`);
  process.stderr.write(`Skipped: ${reason}\n`);
  return false;
}

/** Runs Python with these arguments (a script, or `-c` and code) and returns what it printed. */
export async function runPython(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 1 << 26 });
  return stdout;
}
