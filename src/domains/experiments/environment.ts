import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sha256 } from '../../platform/digest.ts';
import type { JsonObject } from '../../platform/json.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const run = promisify(execFile);
let lock: Promise<string | null> | undefined;
let commit: Promise<string | null> | undefined;

/** Digest of the lock file of the installed packages; null where there is none. */
export function lockDigest(): Promise<string | null> {
  lock ??= readFile(join(root, 'package-lock.json')).then(sha256, () => null);
  return lock;
}

/** Commit of this checkout, with `+changes` when files differ from it; null outside a repository. */
function gitCommit(): Promise<string | null> {
  const git = (...words: string[]) =>
    run('git', words, { cwd: root, timeout: 3000 }).then(({ stdout }) => stdout.trim());
  commit ??= git('rev-parse', 'HEAD').then(
    async (head) => {
      const changes = await git('status', '--porcelain', '--untracked-files=no').catch(() => '');
      return changes === '' ? head : `${head}+changes`;
    },
    () => null,
  );
  return commit;
}

/** What a run ran on: enough to build the same environment again. Read once per process. */
export async function captureEnvironment(): Promise<JsonObject> {
  return {
    node: process.versions.node,
    platform: `${platform()}-${arch()}`,
    packageLock: await lockDigest(),
    gitCommit: await gitCommit(),
  };
}
