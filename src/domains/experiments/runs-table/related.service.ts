import type { Scope } from '../../../platform/scope.ts';
import { findArtifact } from '../artifacts/artifacts.service.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { RunStatus } from '../experiments.model.ts';
import { type ArtifactRef, getRun, type Run } from '../experiments.service.ts';
import { getTrackedRun } from '../tracking/runs.service.ts';
import { runHeads } from './runs-table.store.ts';

const MOST_CHILDREN = 200;

/** Up to a hundred runs whole, in the order asked. @throws experiments.run.not_found */
export async function readRuns(scope: Scope, ids: readonly string[]): Promise<Run[]> {
  const runs: Run[] = [];
  for (const id of new Set(ids)) runs.push(await getRun(scope, id));
  return runs;
}

/** Parent, children, datasets and logged models of a run, with the models' files. @throws experiments.run.not_found */
export async function relatedTo(scope: Scope, id: string) {
  const run = await getTrackedRun(scope, id);
  const { db } = scope;
  const [parents, children, counted, models] = await Promise.all([
    runHeads(db, run.parent === null ? [] : [run.parent]),
    db
      .selectFrom('experiments_runs')
      .select(['id', 'name', 'status'])
      .where('parent_id', '=', id)
      .where('stage', '=', 'active')
      .orderBy('started_at')
      .limit(MOST_CHILDREN)
      .execute(),
    db
      .selectFrom('experiments_runs')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('parent_id', '=', id)
      .where('stage', '=', 'active')
      .executeTakeFirstOrThrow(),
    modelsOf(
      scope,
      id,
      run.models.map(({ modelId, direction }) => [modelId, direction]),
    ),
  ]);
  const parent = parents.get(run.parent ?? '');
  return {
    stage: run.stage,
    user: run.user,
    parent: parent ? { id: parent.id, name: parent.name } : null,
    children: children.map((child) => ({ ...child, status: child.status as RunStatus })),
    childCount: Number(counted.count),
    datasets: run.datasets.map(({ dataset, context }) => {
      const { name, digest, source, schema, profile } = dataset;
      return { name, digest, context, source, schema, profile };
    }),
    models,
  };
}

async function modelsOf(scope: Scope, runId: string, links: [string, string][]) {
  const { db } = scope;
  const directions = new Map(links);
  const made = await db
    .selectFrom('experiments_logged_models')
    .select(['id', 'name', 'status', 'source_run_id'])
    .where((where) =>
      where.or([where('source_run_id', '=', runId), isAnyOf(db, 'id', [...directions.keys()])]),
    )
    .where('stage', '=', 'active')
    .orderBy('created_at')
    .execute();
  const files = await db
    .selectFrom('experiments_artifacts')
    .selectAll()
    .where(
      isAnyOf(
        db,
        'run_id',
        made.map((model) => model.id),
      ),
    )
    .orderBy('path')
    .execute();
  return made.map((model) => ({
    id: model.id,
    name: model.name,
    status: model.status,
    direction: model.source_run_id === runId ? 'output' : (directions.get(model.id) ?? 'output'),
    files: files
      .filter((file) => file.run_id === model.id)
      .map<ArtifactRef>(({ path, digest, size, media_type }) => ({
        path,
        digest,
        size,
        mediaType: media_type,
      })),
  }));
}

/**
 * A file of a run, or of a logged model that the run made or used.
 * @throws experiments.run.not_found, experiments.artifact.not_found
 */
export async function findArtifactOf(
  scope: Scope,
  id: string,
  { path, model }: { path: string; model?: string },
): Promise<{ digest: string; size: number }> {
  const run = await getTrackedRun(scope, id);
  if (model !== undefined) {
    const links = run.models.map<[string, string]>(({ modelId, direction }) => [modelId, direction]);
    const models = await modelsOf(scope, id, links);
    const file = models.find((one) => one.id === model)?.files.find((one) => one.path === path);
    if (file) return file;
  } else {
    const file = await findArtifact(scope, { owner: id, path });
    if (file) return file;
  }
  throw experimentsError('experiments.artifact.not_found', 'The run has no such artifact.');
}
