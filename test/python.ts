import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** Interpreters by the requirements in .ci that they hold; clients that do not agree on theirs have one each. */
const interpreters = {
  main: 'HOUSTON_TEST_PYTHON',
  mlserver: 'HOUSTON_TEST_MLSERVER_PYTHON',
  kserve: 'HOUSTON_TEST_KSERVE_PYTHON',
} as const;

/** A Python, whether it has the modules that a test needs, and how to run a program in it. */
export function pythonOf(name: keyof typeof interpreters) {
  const variable = interpreters[name];
  const python = process.env[variable] ?? process.env.HOUSTON_TEST_PYTHON ?? 'python3';
  return {
    path: python,
    /** Without them CI fails, and a bare machine prints why it skips. */
    has(...modules: string[]): boolean {
      const found = spawnSync(python, ['-c', `import ${modules.join(', ')}`]).status === 0;
      if (found) return true;
      const reason = `${python} with ${modules.join(', ')} is missing (${variable} names another).`;
      if (process.env.CI === 'true') throw new Error(`CI needs Python: ${reason}`);
      process.stderr.write(`Skipped: ${reason}\n`);
      return false;
    },
    /** Runs it with these arguments (a script, or `-c` and code) and returns what it printed. */
    async run(...args: string[]): Promise<string> {
      const { stdout } = await promisify(execFile)(python, args, { maxBuffer: 1 << 26 });
      return stdout;
    },
  };
}

const main = pythonOf('main');
export const hasPython = main.has;
export const runPython = main.run;
