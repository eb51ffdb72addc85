import { writeFileSync } from 'node:fs';
import { type QueryOutcome, type QueryTask, runQuery } from './run-query.ts';

/** A process of its own for one query: one task, one outcome, the end. */
try {
  // When memory runs short on the machine, this process goes first and not the server.
  writeFileSync('/proc/self/oom_score_adj', '1000');
} catch {
  // Only Linux has it.
}
process.once('message', async (task: QueryTask) => {
  const outcome = await runQuery(task).catch((error: unknown): QueryOutcome => {
    const text = error instanceof Error ? error.message : String(error);
    return { state: 'failed', kind: 'Internal Error', message: text, place: null };
  });
  process.send?.(outcome, () => process.exit(0));
});
process.once('disconnect', () => process.exit(0));
