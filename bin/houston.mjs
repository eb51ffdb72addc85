#!/usr/bin/env node
// Runs the command line on the pinned Node, also when the machine's own Node is older.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isCurrent } from './stamp.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinned = () => {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'));
    const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
};
const runtime = pinned() ?? process.execPath;
const bundle = join(root, 'dist', 'server');
// One bundled file starts faster than hundreds of sources, which run where it is missing or older than they are.
const main = isCurrent(bundle, root) ? join(bundle, 'main.cjs') : join(root, 'src', 'cli', 'main.ts');
const args = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=8',
  main,
  ...process.argv.slice(2),
];
const env = {
  // Stripped and compiled sources are kept between starts.
  NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'houston'),
  // Threads that share their heaps give memory back that each would keep for itself.
  MALLOC_ARENA_MAX: '2',
  // Large buffers go back to the system as soon as they are free, instead of leaving gaps in the heap.
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '262144',
  ...process.env,
};
// Where it can be, this process becomes the program; elsewhere it waits for it.
if (process.execve && process.platform !== 'win32' && existsSync(runtime)) {
  process.execve(runtime, [runtime, ...args], env);
}
const child = spawn(runtime, args, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`Cannot start the runtime: ${error.message}. Run "npm ci" in ${root} first.`);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 128 + 15 : (code ?? 1)));
