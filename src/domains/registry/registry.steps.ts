import Type, { type Static } from 'typebox';
import { shortDigest } from '../../platform/digest.ts';
import type { JsonObject } from '../../platform/json.ts';
import { Name } from '../../platform/names.ts';
import type { Scope } from '../../platform/scope.ts';
import type { ExperimentsDoor } from '../experiments/index.ts';
import {
  type CommittedResult,
  type FileRef,
  type StepContext,
  type StepKind,
  stepOutcome,
} from '../pipelines/index.ts';
import { chunkLength, chunkPattern } from './evaluation/chunks.ts';
import { getEvaluationReport, recordEvaluation } from './evaluation/evaluations.service.ts';
import { type Judgement, judgeVersion, recordVerdict } from './gate/gate.service.ts';
import { Digest, type Lineage, registryError } from './registry.contract.ts';
import type { EvaluateStepInput } from './registry.process-steps.ts';
import { describeBlob, findVersion, lineageSubjects, registerVersion } from './registry.service.ts';
import { CHAMPION } from './versions/references.model.ts';

const File = Type.Object({ digest: Digest, size: Type.Number(), path: Type.Optional(Type.String()) });
const Text = Type.String({ maxLength: 300 });
const VersionText = Type.Union([Type.Integer({ minimum: 1 }), Type.String({ maxLength: 80 })]);

/** `with` of registry/evaluate. */
export const EvaluateWith = Type.Object(
  {
    model: Name,
    candidate: File,
    test: File,
    baseline: Type.Optional(
      Type.Union([File, VersionText], { description: 'A file, or a version of this model' }),
    ),
    baselineRate: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Constant to beat, without a baseline' }),
    ),
    label: Type.Optional(Text),
    threshold: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    seed: Type.Optional(Type.Integer()),
    chunk: Type.Optional(
      Type.String({
        pattern: chunkPattern,
        description: 'Length of the chunks of event time that teach monitors of this window (1d)',
      }),
    ),
    runId: Type.Optional(
      Type.String({ maxLength: 64, description: 'Experiment run that made the candidate' }),
    ),
  },
  { additionalProperties: false },
);
type EvaluateInput = Static<typeof EvaluateWith>;

/** `with` of registry/register. */
export const RegisterWith = Type.Object(
  {
    model: Name,
    candidate: File,
    runId: Type.Optional(Type.String({ maxLength: 64, description: 'Experiment run that made it' })),
    dataset: Type.Optional(Text),
    featureService: Type.Optional(Text),
    source: Type.Optional(Type.String({ maxLength: 1000 })),
    tags: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  { additionalProperties: false },
);
type RegisterInput = Static<typeof RegisterWith>;

/** `with` of registry/gate. */
export const GateWith = Type.Object(
  {
    model: Name,
    version: Type.Optional(VersionText),
    hold: Type.Optional(
      Type.Union([Type.Literal('stop'), Type.Literal('continue')], {
        description: 'On a hold (default stop)',
      }),
    ),
  },
  { additionalProperties: false },
);
type GateInput = Static<typeof GateWith>;

/** The three steps between a trained file and a version that may ship. */
export function registrySteps(experiments: ExperimentsDoor): StepKind[] {
  return [evaluateStep(experiments), registerStep(experiments), gateStep];
}

function evaluateStep(experiments: ExperimentsDoor): StepKind {
  return {
    name: 'registry/evaluate',
    version: '2',
    summary: 'Judge a candidate on held-out rows against the champion and a baseline.',
    runs: 'process',
    inputs: EvaluateWith,
    cached: true,
    async prepare(scope, withValues) {
      const wanted = withValues as unknown as EvaluateInput;
      const file = (digest: string) => {
        if (!scope.platform.blobs.has(digest)) {
          throw registryError('registry.step.invalid', 'A file of the step is not in the blob store.');
        }
        return { digest, path: scope.platform.blobs.path(digest) };
      };
      const champion = await findVersion(scope, wanted.model, `@${CHAMPION}`);
      const { baseline } = wanted;
      const baselineDigest =
        baseline === undefined
          ? undefined
          : typeof baseline === 'object'
            ? baseline.digest
            : (await findVersion(scope, wanted.model, baseline))?.digest;
      if (baseline !== undefined && baselineDigest === undefined) {
        throw registryError(
          'registry.step.invalid',
          'The model has no such version to take as the baseline.',
        );
      }
      const isOther = champion && champion.digest !== wanted.candidate.digest;
      return {
        model: wanted.model,
        candidate: file(wanted.candidate.digest),
        champion: isOther ? file(champion.digest) : null,
        baseline: baselineDigest === undefined ? null : file(baselineDigest),
        baselineRate: wanted.baselineRate ?? null,
        test: file(wanted.test.digest),
        label: wanted.label ?? '__label',
        threshold: wanted.threshold ?? 0.5,
        seed: wanted.seed ?? 0,
        chunk: chunkLength(wanted.chunk ?? '1d'),
      } satisfies EvaluateStepInput;
    },
    commit: (tx, result, run) => commitEvaluation(experiments, tx, result, run),
  };
}

async function commitEvaluation(
  experiments: ExperimentsDoor,
  tx: Scope,
  { files, input }: CommittedResult,
  run: StepContext,
): Promise<JsonObject> {
  const { runId } = run.with as unknown as EvaluateInput;
  const { model, candidate, champion, baseline, test } = input as unknown as EvaluateStepInput;
  const { report, profile } = files as { report: FileRef; profile: FileRef };
  const evaluationId = await recordEvaluation(tx, {
    model,
    digest: candidate.digest,
    championDigest: champion?.digest ?? null,
    baselineDigest: baseline?.digest ?? null,
    testDigest: test.digest,
    report: report.digest,
    profile: profile.digest,
    uses: [run.runSubject, ...(runId ? [`experiment-run:${runId}`] : [])],
  });
  if (runId) {
    const { candidate: figures } = await getEvaluationReport(tx, report.digest);
    const metrics = {
      auc: figures.auc.value,
      logLoss: figures.logLoss.value,
      brier: figures.brier.value,
      ece: figures.ece,
    };
    const points = Object.entries(metrics).flatMap(([name, value]) =>
      value === null ? [] : [{ key: `test.${name}`, value, step: 0, time: tx.now() }],
    );
    await experiments.logMetrics(tx, runId, points);
  }
  return { evaluationId };
}

function registerStep(experiments: ExperimentsDoor): StepKind {
  return {
    name: 'registry/register',
    version: '1',
    summary: 'Give a trained file the next version number of a model, with its lineage.',
    runs: 'server',
    inputs: RegisterWith,
    cached: false,
    async execute({ scope, run, log, input }) {
      const wanted = input as unknown as RegisterInput;
      const { signature, size } = await describeBlob(scope, wanted.candidate.digest);
      log(`${wanted.model}: ${size} bytes, ${signature.inputs.length} inputs, run ${run.runId}`);
      return { outputs: { model: wanted.model, digest: wanted.candidate.digest } };
    },
    async commit(tx, _result, run) {
      const wanted = run.with as unknown as RegisterInput;
      const lineage = await lineageOf(experiments, tx, wanted, run.runId);
      const { version, digest } = await registerVersion(tx, {
        model: wanted.model,
        digest: wanted.candidate.digest,
        source: wanted.source ?? `pipeline ${run.pipeline}`,
        lineage,
        tags: wanted.tags ?? {},
        reuse: true,
      });
      return stepOutcome({
        outputs: { model: wanted.model, version, digest },
        uses: [`model:${wanted.model}/${version}`, ...lineageSubjects(lineage)],
      });
    },
  };
}

/** What the step names, else what the experiment run was made from. */
async function lineageOf(
  experiments: ExperimentsDoor,
  tx: Scope,
  { runId, dataset, featureService }: RegisterInput,
  pipelineRun: string,
): Promise<Lineage> {
  const inputs = runId ? (await experiments.getRun(tx, runId)).inputs : [];
  const input = (prefix: string) =>
    inputs.find(({ subject }) => subject.startsWith(prefix))?.subject.slice(prefix.length);
  return {
    experimentRun: runId ?? null,
    pipelineRun,
    dataset: dataset ?? input('dataset:') ?? null,
    featureService: featureService ? shortReference(featureService) : (input('feature-service:') ?? null),
  };
}

/** `NAME@DIGEST12` of a reference that may carry the whole digest. */
function shortReference(reference: string): string {
  const [name, digest] = reference.split('@');
  return digest === undefined ? reference : `${name}@${shortDigest(digest)}`;
}

const gateStep: StepKind = {
  name: 'registry/gate',
  version: '1',
  summary: 'Let a version pass, hold it or refuse it, by evidence; a refusal stops the run.',
  runs: 'server',
  inputs: GateWith,
  cached: false,
  async execute({ scope, input, log }) {
    const { model, version = 'latest' } = input as unknown as GateInput;
    const judgement = await judgeVersion(scope, model, version);
    for (const { name, decision, reason } of judgement.checks) log(`${name}: ${decision}. ${reason}`);
    log(`verdict: ${judgement.decision}`);
    return { outputs: judgement as unknown as JsonObject };
  },
  async commit(tx, { outputs }, run) {
    const { hold = 'stop' } = run.with as unknown as GateInput;
    const judgement = outputs as unknown as Judgement;
    const { id, decision, checks, model, version } = await recordVerdict(tx, judgement, [run.runSubject]);
    const stops = decision === 'no-go' || (decision === 'hold' && hold === 'stop');
    const telling = checks.filter((check) => check.critical && !['pass', 'none'].includes(check.decision));
    const reason = telling.map((check) => `${check.name}: ${check.reason}`).join(' ');
    return stepOutcome({
      outputs: { verdict: decision, verdictId: id },
      uses: [`model:${model}/${version}`],
      ...(stops && { stopped: `The gate says ${decision} to ${model} version ${version}. ${reason}` }),
    });
  },
};
