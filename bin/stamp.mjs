import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What tells one state of a file from another: its size and when it was last written. */
export function stampOf(path) {
  const { size, mtimeMs } = statSync(path);
  return `${size} ${mtimeMs}`;
}

/** Whether the bundle in `folder` was made from the files below `root` as they are now. */
export function isCurrent(folder, root) {
  try {
    const inputs = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8'));
    return Object.entries(inputs).every(([path, stamp]) => stampOf(join(root, path)) === stamp);
  } catch {
    return false;
  }
}
