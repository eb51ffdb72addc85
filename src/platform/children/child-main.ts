import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/**
 * What a child process that runs models does first: where memory runs out the kernel takes it and not the server, and
 * it is gone a second after its server at the latest, also in the middle of a run (a thread looks, since the main one
 * cannot).
 */
export function beChild(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '600');
  } catch {
    // Another system than Linux, or one that does not let us.
  }
  const program = `const server = process.ppid;
    setInterval(() => { if (process.ppid !== server) process.kill(process.pid, 'SIGKILL'); }, 1000);`;
  new Worker(program, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } }).unref();
  process.on('disconnect', () => process.exit(0));
}
