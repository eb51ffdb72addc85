import type { Static } from 'typebox';
import { newId } from '../../../platform/ids.ts';
import { record } from '../../../platform/ledger/index.ts';
import type { Scope } from '../../../platform/scope.ts';
import { registryError } from '../registry.contract.ts';
import type { EvaluationRecord } from '../registry.door.ts';
import { ensureModel, listVersions } from '../registry.service.ts';
import type { EvaluationRow } from '../registry.tables.ts';
import type { EvaluationHeadline, EvaluationReport } from './evaluation.contract.ts';
import { findEvaluation, insertEvaluation, newestEvaluations } from './evaluations.store.ts';

export type NewEvaluation = {
  model: string;
  digest: string;
  championDigest: string | null;
  baselineDigest: string | null;
  testDigest: string;
  /** Digests of JSON in the blob store. */
  report: string;
  profile: string | null;
  /** What it was made from, as ledger subjects. */
  uses: string[];
};

/** Puts an evaluation on record (registry.evaluation.recorded) and returns its id. */
export async function recordEvaluation(tx: Scope, evaluation: NewEvaluation): Promise<string> {
  const { model, digest, championDigest, baselineDigest, testDigest, report, profile, uses } = evaluation;
  await ensureModel(tx, model);
  const now = tx.now();
  const id = newId('eval', now);
  await insertEvaluation(tx.db, {
    id,
    model,
    digest,
    champion_digest: championDigest,
    baseline_digest: baselineDigest,
    test_digest: testDigest,
    report,
    profile,
    created_at: now,
    actor: tx.actor,
  });
  await record(tx, {
    type: 'registry.evaluation.recorded',
    subject: `evaluation:${id}`,
    data: { evaluation: id, model, digest, report, profile, test: testDigest },
    uses,
  });
  return id;
}

/** The report behind an evaluation's digest. */
export async function getEvaluationReport(scope: Scope, digest: string): Promise<EvaluationReport> {
  return JSON.parse((await scope.platform.blobs.get(digest)).toString()) as EvaluationReport;
}

/** See `RegistryDoor.latestEvaluation`. */
export async function latestEvaluation(
  scope: Scope,
  model: string,
  digest: string,
): Promise<EvaluationRecord | undefined> {
  const row = await findEvaluation(scope.db, model, digest);
  return row && toEvaluation(scope, row);
}

/** @throws registry.evaluation.not_found */
export async function getLatestEvaluation(
  scope: Scope,
  model: string,
  digest: string,
): Promise<EvaluationRecord> {
  const evaluation = await latestEvaluation(scope, model, digest);
  if (!evaluation)
    throw registryError('registry.evaluation.not_found', 'This version has not been evaluated.');
  return evaluation;
}

type Figures = Pick<Static<typeof EvaluationHeadline>, 'rows' | 'auc' | 'logLoss' | 'brier'>;

/** Figures of reports by their digest: a report never changes, and a model may have thousands of versions. */
const figuresOf = new Map<string, Figures>();
const mostFigures = 10_000;

/** What the newest evaluation of each version says, in short, the newest version first. @throws registry.model.not_found */
export async function listHeadlines(
  scope: Scope,
  model: string,
): Promise<Static<typeof EvaluationHeadline>[]> {
  const versions = await listVersions(scope, model);
  const rows = await newestEvaluations(scope.db, model);
  const headlines: Static<typeof EvaluationHeadline>[] = [];
  for (const { version, digest } of versions) {
    const row = rows.get(digest);
    if (row) headlines.push({ version, evaluation: row.id, ...(await readFigures(scope, row.report)) });
  }
  return headlines;
}

async function readFigures(scope: Scope, report: string): Promise<Figures> {
  const known = figuresOf.get(report);
  if (known) return known;
  const { rows, candidate } = await getEvaluationReport(scope, report);
  const { auc, logLoss, brier } = candidate;
  const figures = { rows, auc, logLoss, brier };
  if (figuresOf.size >= mostFigures) figuresOf.clear();
  figuresOf.set(report, figures);
  return figures;
}

async function toEvaluation(scope: Scope, row: EvaluationRow): Promise<EvaluationRecord> {
  return {
    id: row.id,
    model: row.model,
    digest: row.digest,
    championDigest: row.champion_digest,
    baselineDigest: row.baseline_digest,
    report: await getEvaluationReport(scope, row.report),
    profile: row.profile,
    testDigest: row.test_digest,
    createdAt: row.created_at,
  };
}
