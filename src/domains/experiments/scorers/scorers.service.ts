import { randomUUID } from 'node:crypto';
import type { Db } from '../../../platform/db/database.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';

export type ScorerRow = { id: string; experiment_id: number; name: string; last_version: number };
export type ScorerVersionRow = { scorer_id: string; version: number; content: string; created_at: number };

/** A way to judge answers, kept as the text that the client made of it. The server never runs it. */
export type ScorerVersion = {
  scorerId: string;
  experimentId: number;
  name: string;
  version: number;
  content: string;
  createdAt: number;
};

const longestContent = 1_000_000;

/** Keeps the next version of a scorer of this name. @throws experiments.input.invalid */
export async function registerScorer(
  scope: Scope,
  input: { experimentId: number; name: string; content: string },
): Promise<ScorerVersion> {
  authorise(scope, 'experiments.write');
  const { experimentId, name, content } = input;
  if (name.trim() === '' || name.length > 255 || content.length > longestContent || !isJson(content)) {
    throw experimentsError(
      'experiments.input.invalid',
      'A scorer has a name of up to 255 characters and a JSON text of up to 1 MB.',
    );
  }
  return transact(scope, async (tx) => {
    await activeExperiment(tx, experimentId);
    const now = tx.now();
    const { id, last_version: version } = await tx.db
      .insertInto('experiments_scorers')
      .values({ id: randomUUID(), experiment_id: experimentId, name, last_version: 1 })
      .onConflict((conflict) =>
        conflict
          .columns(['experiment_id', 'name'])
          .doUpdateSet(({ eb }) => ({ last_version: eb('experiments_scorers.last_version', '+', 1) })),
      )
      .returningAll()
      .executeTakeFirstOrThrow();
    await tx.db
      .insertInto('experiments_scorer_versions')
      .values({ scorer_id: id, version, content, created_at: now })
      .execute();
    await record(tx, {
      type: 'experiments.scorer.registered',
      subject: `scorer:${id}/${version}`,
      data: { scorer: id, experiment: experimentId, name, version },
    });
    return { scorerId: id, experimentId, name, version, content, createdAt: now };
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const versions = (db: Db) =>
  db
    .selectFrom('experiments_scorer_versions as version')
    .innerJoin('experiments_scorers as scorer', 'scorer.id', 'version.scorer_id')
    .select([
      'scorer.id as scorerId',
      'scorer.experiment_id as experimentId',
      'scorer.name',
      'version.version',
      'version.content',
      'version.created_at as createdAt',
    ]);

/** The newest version of each scorer of the experiments, or of all, by name. */
export async function listScorers(
  scope: Scope,
  experimentIds: readonly number[] | null,
): Promise<ScorerVersion[]> {
  if (experimentIds?.length === 0) return [];
  let query = versions(scope.db).orderBy('scorer.name').orderBy('version.version');
  if (experimentIds) query = query.where('scorer.experiment_id', 'in', experimentIds);
  const newest = new Map((await query.execute()).map((one) => [one.scorerId, one]));
  return [...newest.values()];
}

/** All versions, the oldest first. @throws experiments.scorer.not_found */
export async function scorerVersions(
  scope: Scope,
  experimentId: number,
  name: string,
): Promise<ScorerVersion[]> {
  const found = await versions(scope.db)
    .where('scorer.experiment_id', '=', experimentId)
    .where('scorer.name', '=', name)
    .orderBy('version.version')
    .execute();
  if (found.length === 0) throw missing();
  return found;
}

const missing = () =>
  experimentsError(
    'experiments.scorer.not_found',
    'Scorer not found: the experiment has none of this name, or not this version.',
  );

/** One version, or the newest. @throws experiments.scorer.not_found */
export async function getScorer(
  scope: Scope,
  experimentId: number,
  name: string,
  version?: number,
): Promise<ScorerVersion> {
  const all = await scorerVersions(scope, experimentId, name);
  const found = version === undefined ? all.at(-1) : all.find((one) => one.version === version);
  if (!found) throw missing();
  return found;
}

/** Takes one version away, or the scorer with all of them. @throws experiments.scorer.not_found */
export async function deleteScorer(
  scope: Scope,
  experimentId: number,
  name: string,
  version?: number,
): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const all = await scorerVersions(tx, experimentId, name);
    const gone = version === undefined ? all : all.filter((one) => one.version === version);
    if (gone.length === 0) throw missing();
    const id = all[0]!.scorerId;
    const numbers = gone.map((one) => one.version);
    await tx.db
      .deleteFrom('experiments_scorer_versions')
      .where('scorer_id', '=', id)
      .where('version', 'in', numbers)
      .execute();
    if (gone.length === all.length) {
      await tx.db.deleteFrom('experiments_scorers').where('id', '=', id).execute();
    }
    await record(tx, {
      type: 'experiments.scorer.deleted',
      subject: `scorer:${id}`,
      data: { scorer: id, experiment: experimentId, name, versions: numbers },
    });
  });
}
