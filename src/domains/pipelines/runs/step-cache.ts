import type { Json, JsonObject } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import { isFileRef } from '../steps.ts';
import { cacheKey, explainDifference, type KeyMaterial, withoutPaths } from './cache-key.model.ts';
import * as store from './runs.store.ts';
import type { Attempt, Outcome } from './step-context.ts';
import { isCached } from './step-context.ts';

export type CacheLookup = {
  key: string | null;
  material: KeyMaterial | null;
  why: string[];
  hit: Outcome | null;
};

/** Looks for an earlier result of equal material, and says why there is none. */
export async function lookUp(scope: Scope, attempt: Attempt, input: JsonObject): Promise<CacheLookup> {
  if (!isCached(attempt)) return { key: null, material: null, why: ['This step is not cached.'], hit: null };
  const material = materialOf(attempt, input);
  const key = cacheKey(material);
  const found = await store.findCached(scope.db, key);
  if (found && attempt.run.no_cache === 0) {
    const outputs = JSON.parse(found.outputs) as JsonObject;
    const missing = filesIn(outputs).find((digest) => !scope.platform.blobs.has(digest));
    if (!missing) {
      await store.touchCached(scope.db, key, scope.now());
      const from = `step:${found.run_id}/${found.step_key}`;
      const hit = { state: 'cached' as const, outputs, lineage: JSON.parse(found.lineage) as string[], from };
      return { key, material, why: [`Equal to ${found.step_key} of ${found.run_id}.`], hit };
    }
    return {
      key,
      material,
      why: [`A file of the earlier result is gone: ${missing.slice(0, 19)}….`],
      hit: null,
    };
  }
  if (found) return { key, material, why: ['The run asked to take no earlier results.'], hit: null };
  return { key, material, why: await whyNot(scope, attempt, material), hit: null };
}

async function whyNot(scope: Scope, { run, step }: Attempt, material: KeyMaterial): Promise<string[]> {
  const previous = await store.previousKeyedStep(scope.db, run.pipeline, step);
  if (!previous?.cache_material) return ['This step has not run before.'];
  const changes = explainDifference(JSON.parse(previous.cache_material) as KeyMaterial, material);
  return changes.length > 0
    ? changes
    : [`Its last run (${previous.run_id}) has ${previous.state} and left no result.`];
}

function materialOf({ kind, filled, run }: Attempt, input: JsonObject): KeyMaterial {
  const step = kind ? { name: kind.name, version: kind.version } : { command: filled.command ?? '' };
  return { step, input: withoutPaths(input) as JsonObject, env: filled.env, workspace: run.workspace };
}

/** Digests of all files in a value. */
function filesIn(value: Json): string[] {
  if (value === null || typeof value !== 'object') return [];
  if (isFileRef(value)) return [value.digest];
  return Object.values(value).flatMap((item) => filesIn(item as Json));
}

/** Keeps a result for later runs of equal material. */
export async function keep(
  tx: Scope,
  attempt: Attempt,
  outputs: JsonObject,
  lineage: readonly string[],
): Promise<void> {
  const { step, run } = attempt;
  if (step.cache_key === null) return;
  const now = tx.now();
  await store.putCached(tx.db, {
    key: step.cache_key,
    run_id: run.id,
    step_key: step.key,
    uses: step.uses,
    outputs: JSON.stringify(outputs),
    lineage: JSON.stringify(lineage),
    created_at: now,
    used_at: now,
  });
}
