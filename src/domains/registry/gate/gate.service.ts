import { newId } from '../../../platform/ids.ts';
import { record } from '../../../platform/ledger/index.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { getEvaluationReport } from '../evaluation/evaluations.service.ts';
import { findEvaluation } from '../evaluation/evaluations.store.ts';
import type { GateCheck, GateDecision } from '../registry.contract.ts';
import type { ModelVersion, Verdict, VersionRef } from '../registry.door.ts';
import { findVersion, getModel, getVersion } from '../registry.service.ts';
import type { VerdictRow } from '../registry.tables.ts';
import { CHAMPION } from '../versions/references.model.ts';
import type { GateEvidence } from './evidence.model.ts';
import { judge } from './gate.model.ts';
import { probeModel } from './probe/probe.ts';
import { insertVerdict, listVerdicts, newestVerdicts, newestVerdictsOfModels } from './verdicts.store.ts';

/** A judgement that is not on record yet. */
export type Judgement = {
  model: string;
  version: number;
  digest: string;
  decision: GateDecision;
  checks: GateCheck[];
  champion: { version: number; digest: string } | null;
  evaluation: string | null;
};

const EVENTS: Record<GateDecision, string> = {
  go: 'registry.gate.passed',
  hold: 'registry.gate.held',
  'no-go': 'registry.gate.refused',
};

/**
 * Judges a version by the evidence that is there, against the champion of this moment. Without an evaluation the
 * model is opened and run on made-up rows in a process of its own, which may take seconds.
 */
export async function judgeVersion(scope: Scope, model: string, ref: VersionRef): Promise<Judgement> {
  const candidate = await getVersion(scope, model, ref);
  const { gate } = await getModel(scope, model);
  const champion = await championOf(scope, candidate);
  const evaluation = await findEvaluation(scope.db, model, candidate.digest, champion?.digest);
  const report = evaluation ? await getEvaluationReport(scope, evaluation.report) : null;
  const evidence: GateEvidence = {
    signature: candidate.signature,
    champion,
    report,
    probe: report ? null : await probeModel(scope.platform.blobs.path(candidate.digest)),
  };
  return {
    model,
    version: candidate.version,
    digest: candidate.digest,
    ...judge(evidence, gate),
    champion: champion && { version: champion.version, digest: champion.digest },
    evaluation: evaluation?.id ?? null,
  };
}

/** The champion to compare with; none when the candidate itself, or the same bytes, serve already. */
async function championOf(scope: Scope, candidate: ModelVersion): Promise<ModelVersion | null> {
  const champion = await findVersion(scope, candidate.model, `@${CHAMPION}`);
  return champion && champion.version !== candidate.version && champion.digest !== candidate.digest
    ? champion
    : null;
}

/** Puts a judgement on record: an immutable verdict and registry.gate.passed, held or refused. */
export async function recordVerdict(
  tx: Scope,
  judgement: Judgement,
  uses: readonly string[] = [],
): Promise<Verdict> {
  const { model, version, digest, decision, checks, champion, evaluation } = judgement;
  const row = {
    id: newId('verdict', tx.now()),
    model,
    version,
    digest,
    decision,
    checks: JSON.stringify(checks),
    champion_version: champion?.version ?? null,
    champion_digest: champion?.digest ?? null,
    evaluation,
    created_at: tx.now(),
    actor: tx.actor,
  };
  await insertVerdict(tx.db, row);
  const telling = checks.filter(
    (check) => check.critical && check.decision !== 'pass' && check.decision !== 'none',
  );
  await record(tx, {
    type: EVENTS[decision],
    subject: `model:${model}/${version}`,
    data: {
      model,
      version,
      digest,
      verdict: row.id,
      decision,
      champion: champion?.version ?? null,
      reasons: telling.map(({ name, decision: outcome, reason }) => ({
        check: name,
        decision: outcome,
        reason,
      })),
    },
    uses: [
      `model:${model}/${version}`,
      ...(evaluation ? [`evaluation:${evaluation}`] : []),
      ...(champion ? [`model:${model}/${champion.version}`] : []),
      ...uses,
    ],
  });
  return toVerdict(row);
}

/** See `RegistryDoor.gate`. */
export async function gate(scope: Scope, model: string, ref: VersionRef): Promise<Verdict> {
  const judgement = await judgeVersion(scope, model, ref);
  return transact(scope, (tx) => recordVerdict(tx, judgement));
}

/** Verdicts on a version, newest first. */
export async function verdicts(scope: Scope, model: string, version: number): Promise<Verdict[]> {
  return (await listVerdicts(scope.db, model, version)).map(toVerdict);
}

/** The newest verdict on each version of a model, by version number. */
export async function latestVerdicts(scope: Scope, model: string): Promise<Map<number, Verdict>> {
  const rows = await newestVerdicts(scope.db, model);
  return new Map([...rows].map(([version, row]) => [version, toVerdict(row)]));
}

/** The newest verdict on the newest version of each model, by the model's name. */
export async function modelVerdicts(scope: Scope): Promise<Map<string, Verdict>> {
  const rows = await newestVerdictsOfModels(scope.db);
  return new Map([...rows].map(([model, row]) => [model, toVerdict(row)]));
}

/** See `RegistryDoor.latestVerdict`. */
export async function latestVerdict(
  scope: Scope,
  model: string,
  version: number,
): Promise<Verdict | undefined> {
  const [row] = await listVerdicts(scope.db, model, version, 1);
  return row && toVerdict(row);
}

function toVerdict(row: VerdictRow): Verdict {
  const { champion_version: version, champion_digest: digest } = row;
  return {
    id: row.id,
    model: row.model,
    version: row.version,
    digest: row.digest,
    decision: row.decision as GateDecision,
    checks: JSON.parse(row.checks) as GateCheck[],
    champion: version !== null && digest !== null ? { version, digest } : null,
    evaluation: row.evaluation,
    createdAt: row.created_at,
    actor: row.actor,
  };
}
