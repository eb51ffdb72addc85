import { isoTime } from '../../../platform/clock.ts';
import { HoustonError } from '../../../platform/errors.ts';
import { listEvents } from '../../../platform/ledger/index.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { DataDoor } from '../../data/index.ts';
import type { ExperimentsDoor } from '../../experiments/index.ts';
import type { FeaturesDoor } from '../../features/index.ts';
import type { EvaluationRecord, ModelVersion, RegistryDoor, VersionRef } from '../../registry/index.ts';
import type { Revision, ServingDoor } from '../../serving/index.ts';
import { type Approval, listApprovals } from '../approvals.service.ts';
import type { Card } from './card.contract.ts';
import { limitsOf } from './limits.model.ts';

/** Where a card takes its evidence from. A door that this server lacks leaves its section empty. */
export type CardSources = {
  registry: Pick<RegistryDoor, 'getModel' | 'getVersion' | 'latestVerdict' | 'latestEvaluation'>;
  data?: Pick<DataDoor, 'getVersion'>;
  features?: Pick<FeaturesDoor, 'getService'>;
  experiments?: Pick<ExperimentsDoor, 'getRun'>;
  /** Asked at each card, since serving may be made later. */
  serving?: () => Pick<ServingDoor, 'listDeployments' | 'listRevisions' | 'listRollouts'>;
};

/**
 * The model card of one version, from the record alone: nobody fills in anything, and what is not on record is said
 * in `limits`.
 * @throws registry.model.not_found, registry.version.not_found, registry.alias.not_found
 */
export async function modelCard(
  scope: Scope,
  sources: CardSources,
  name: string,
  ref: VersionRef,
): Promise<Card> {
  const { registry } = sources;
  const version = await registry.getVersion(scope, name, ref);
  const { description, owner, risk } = await registry.getModel(scope, name);
  const [data, features, run, evaluation, verdict, approvals, deployments, evidence] = await Promise.all([
    trainingData(scope, sources, version),
    featureService(scope, sources, version),
    trainingRun(scope, sources, version),
    registry.latestEvaluation(scope, name, version.digest),
    registry.latestVerdict(scope, name, version.version),
    listApprovals(scope, { model: name, digests: [version.digest] }),
    deploymentsOf(scope, sources, version),
    evidenceOf(scope, version),
  ]);
  const card: Omit<Card, 'limits'> = {
    model: name,
    version: version.version,
    digest: version.digest,
    size: version.size,
    generatedAt: isoTime(scope.now()),
    description,
    owner,
    risk,
    registeredBy: version.actor,
    registeredAt: isoTime(version.createdAt),
    source: version.source,
    aliases: version.aliases,
    tags: version.tags,
    inputs: version.signature.inputs,
    outputs: version.signature.outputs,
    data,
    features,
    run,
    pipelineRun: version.lineage.pipelineRun,
    evaluation: evaluation ? wireEvaluation(evaluation) : null,
    verdict: verdict ? { ...verdict, createdAt: isoTime(verdict.createdAt) } : null,
    approvals: approvals.map(wireApproval),
    deployments,
    evidence,
  };
  return { ...card, limits: limitsOf(card) };
}

/** What `work` finds, or null when it names something that this server does not have. */
async function orNull<T>(work: Promise<T> | undefined): Promise<T | null> {
  try {
    return (await work) ?? null;
  } catch (error) {
    if (error instanceof HoustonError && error.status === 404) return null;
    throw error;
  }
}

/** The two sides of `NAME@REST`. */
function split(reference: string): [string, string] {
  const at = reference.lastIndexOf('@');
  return at < 0 ? [reference, ''] : [reference.slice(0, at), reference.slice(at + 1)];
}

async function trainingData(
  scope: Scope,
  { data }: CardSources,
  { lineage }: ModelVersion,
): Promise<Card['data']> {
  if (lineage.dataset === null) return null;
  const [name, number] = split(lineage.dataset);
  const found = await orNull(data?.getVersion(scope, name, Number(number)));
  return (
    found && {
      dataset: found.dataset,
      version: found.version,
      digest: found.digest,
      rows: found.rows,
      timeFrom: isoTime(found.timeFrom),
      timeTo: isoTime(found.timeTo),
      source: found.source,
      columns: found.columns.map((column) => ({ name: column.name, type: column.type })),
      validation: found.validation,
    }
  );
}

async function featureService(
  scope: Scope,
  { features }: CardSources,
  { lineage }: ModelVersion,
): Promise<Card['features']> {
  if (lineage.featureService === null) return null;
  const [name, digest] = split(lineage.featureService);
  const found = await orNull(features?.getService(scope, name, digest === '' ? undefined : digest));
  return (
    found && {
      service: found.name,
      digest: found.digest,
      label: found.label,
      features: found.features.map((feature) => ({
        name: feature.name,
        description: feature.description,
        definition: found.definition.features[feature.name],
      })),
    }
  );
}

async function trainingRun(
  scope: Scope,
  { experiments }: CardSources,
  { lineage }: ModelVersion,
): Promise<Card['run']> {
  if (lineage.experimentRun === null) return null;
  const run = await orNull(experiments?.getRun(scope, lineage.experimentRun));
  if (!run) return null;
  const { id, name, experiment, actor, params, environment } = run;
  const metrics = Object.entries(run.metrics).map(([key, value]) => [
    key,
    Number.isFinite(value) ? value : null,
  ]);
  return {
    ...{ id, name, experiment, actor, params, environment },
    startedAt: isoTime(run.startedAt),
    endedAt: isoTime(run.endedAt),
    metrics: Object.fromEntries(metrics) as Record<string, number | null>,
  };
}

function wireEvaluation({ id, createdAt, report }: EvaluationRecord): Card['evaluation'] {
  const { auc, logLoss, brier, ece } = report.candidate;
  return {
    id,
    createdAt: isoTime(createdAt),
    testDigest: report.testDigest,
    rows: report.rows,
    positives: report.positives,
    timeFrom: isoTime(report.timeFrom),
    timeTo: isoTime(report.timeTo),
    figures: { auc, logLoss, brier },
    calibrationError: ece,
    versusBaseline: report.versusBaseline,
    versusChampion: report.versusChampion,
    slices: report.slices.map(({ column, value, rows, labelRate, auc, logLoss, versusChampion }) => ({
      ...{ column, value, rows, labelRate, auc, logLoss, versusChampion },
    })),
    importance: report.importance,
    latency: { p50: report.latency.p50, p99: report.latency.p99 },
  };
}

function wireApproval({ id, state, policy, environment, requester, decisions }: Approval) {
  return {
    ...{ id, state, policy, environment, requester },
    decisions: decisions.map((decision) => ({ ...decision, time: isoTime(decision.time) })),
  };
}

/** Every revision of this version, and how its rollouts went. */
async function deploymentsOf(
  scope: Scope,
  { serving }: CardSources,
  { model, version }: ModelVersion,
): Promise<Card['deployments']> {
  if (!serving) return [];
  const { listDeployments, listRevisions, listRollouts } = serving();
  const found: Card['deployments'] = [];
  for (const { name, environment, champion } of await listDeployments(scope)) {
    const revisions = (await listRevisions(scope, name)).filter((revision) => runs(revision, model, version));
    if (revisions.length === 0) continue;
    const rollouts = await listRollouts(scope, { deployment: name, limit: 1000 });
    for (const revision of revisions) {
      found.push({
        deployment: name,
        environment,
        revision: revision.id,
        createdAt: isoTime(revision.createdAt),
        serves: revision.id === champion,
        rollouts: rollouts
          .filter(({ challenger }) => challenger === revision.id)
          .map(({ id, state, reason, endedAt }) => ({ id, state, reason, endedAt: isoTime(endedAt) })),
      });
    }
  }
  return found;
}

/** Whether a revision is this version, or a graph with it in a node. */
function runs(revision: Revision, model: string, version: number): boolean {
  const all = revision.graph ? Object.values(revision.graph.models) : [revision];
  return all.some((one) => one.model === model && one.version === version);
}

/** The events about the version itself and about what it was made from. */
async function evidenceOf(
  scope: Scope,
  { model, version, lineage, evaluation }: ModelVersion,
): Promise<Card['evidence']> {
  const subjects = [
    lineage.dataset && `dataset:${lineage.dataset}`,
    lineage.featureService && `feature-service:${lineage.featureService}`,
    lineage.experimentRun && `experiment-run:${lineage.experimentRun}`,
    lineage.pipelineRun && `run:${lineage.pipelineRun}`,
    evaluation && `evaluation:${evaluation}`,
    `model:${model}/${version}`,
  ].filter((subject): subject is string => Boolean(subject));
  const events = await Promise.all(subjects.map((subject) => listEvents(scope, { subject, limit: 100 })));
  return events
    .flat()
    .sort((a, b) => a.seq - b.seq)
    .map(({ id, type, subject, time }) => ({ event: id, type, subject, time: isoTime(time) }));
}
