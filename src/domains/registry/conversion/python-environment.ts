import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../../platform/config.ts';

export type PythonEnvironment = {
  /** Version of the interpreter; null when there is none that answers. */
  python: string | null;
  packages: { name: string; wanted: string; found: string | null }[];
};

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
/** The program that converts. */
export const convertProgram = here('python/convert.py');

/** The locked requirements of conversions, as pip reads them. */
export function requirementsText(): string {
  return readFileSync(here('requirements.txt'), 'utf8');
}

/** The interpreter that the configuration names, else python3 of the search path; null when there is none. */
export function findPython(
  config: Pick<Config, 'python'>,
  env: NodeJS.ProcessEnv = process.env,
): string | null {
  const wanted = config.python ?? 'python3';
  if (isAbsolute(wanted) || wanted.includes('/')) return isProgram(resolve(wanted)) ? resolve(wanted) : null;
  const folders = (env.PATH ?? '').split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, wanted)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const probe = `import json, sys
from importlib import metadata
found = {}
for name in sys.argv[1:]:
    try: found[name] = metadata.version(name)
    except metadata.PackageNotFoundError: found[name] = None
print(json.dumps({"python": sys.version.split()[0], "found": found}))`;

/** What is installed there, by asking it; nothing is imported or downloaded. */
export async function inspectPython(config: Pick<Config, 'python'>): Promise<PythonEnvironment> {
  const wanted = requirementsText()
    .split('\n')
    .flatMap((line) => {
      const [name, version] = line.split('==');
      return name && version && !name.startsWith('#') ? [{ name, wanted: version.trim() }] : [];
    });
  const python = findPython(config);
  const answer =
    python === null
      ? null
      : await ask(
          python,
          wanted.map(({ name }) => name),
        );
  return {
    python: answer?.python ?? null,
    packages: wanted.map((one) => ({ ...one, found: answer?.found[one.name] ?? null })),
  };
}

type Answer = { python: string; found: Record<string, string | null> };

function ask(python: string, names: string[]): Promise<Answer | null> {
  const options = { timeout: 20_000, env: { PATH: process.env.PATH ?? '' }, maxBuffer: 1 << 20 };
  return new Promise((settle) => {
    execFile(python, ['-I', '-c', probe, ...names], options, (error, stdout) => {
      if (error) return settle(null);
      try {
        settle(JSON.parse(stdout) as Answer);
      } catch {
        settle(null);
      }
    });
  });
}
