import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { logParams } from '../experiments.service.ts';
import { deleteRun, deleteRunTag, getTrackedRun, restoreRun, updateRun } from '../tracking/runs.service.ts';
import type { RunChangeInput } from './runs-table.contract.ts';

/** Where tracking clients keep the description and the name of a run. */
const DESCRIPTION = 'mlflow.note.content';
const NAME = 'mlflow.runName';

/**
 * Changes what a person may change of a run: its name, its description and its tags (null removes one); all of it
 * or nothing.
 * @throws experiments.run.not_found, experiments.run.deleted, experiments.key.invalid, experiments.value.too_long
 */
export async function changeRun(scope: Scope, id: string, change: RunChangeInput): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const run = await getTrackedRun(tx, id);
    if (run.stage !== 'active') throw experimentsError('experiments.run.deleted', 'The run is deleted.');
    const tags: Record<string, string | null> = { ...change.tags };
    if (change.description !== undefined) tags[DESCRIPTION] = change.description || null;
    if (change.name !== undefined) {
      await updateRun(tx, id, { name: change.name });
      if (NAME in run.tags) tags[NAME] = change.name;
    }
    const set = Object.entries(tags).flatMap(([key, value]) => (value === null ? [] : [[key, value]]));
    await logParams(tx, id, { tags: Object.fromEntries(set) });
    for (const [key, value] of Object.entries(tags)) {
      if (value === null && key in run.tags) await deleteRunTag(tx, id, key);
    }
  });
}

/**
 * Deletes runs softly, or restores them: all or none. Those that are there already stay as they are.
 * @throws experiments.run.not_found
 */
export async function setRunStage(
  scope: Scope,
  ids: readonly string[],
  stage: 'active' | 'deleted',
): Promise<number> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    let changed = 0;
    for (const id of new Set(ids)) {
      if ((await getTrackedRun(tx, id)).stage === stage) continue;
      await (stage === 'deleted' ? deleteRun(tx, id) : restoreRun(tx, id));
      changed++;
    }
    return changed;
  });
}
