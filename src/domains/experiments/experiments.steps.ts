import Type, { type Static } from 'typebox';
import { shortDigest } from '../../platform/digest.ts';
import type { Json, JsonObject } from '../../platform/json.ts';
import type { Scope } from '../../platform/scope.ts';
import type { CommittedResult, StepContext, StepKind } from '../pipelines/index.ts';
import { captureEnvironment, lockDigest } from './environment.ts';
import { experimentsError } from './experiments.contract.ts';
import type { TrainingReport } from './experiments.process-steps.ts';
import { createRun, finishRun, logArtifacts, logMetrics, type RunInput } from './experiments.service.ts';
import { TRAINERS } from './trainers.ts';

const FileInput = Type.Object({
  digest: Type.String(),
  size: Type.Number(),
  path: Type.Optional(Type.String()),
});

/** `with` of experiments/train. */
export const TrainWith = Type.Object(
  {
    table: Type.Unsafe<Static<typeof FileInput>>({
      ...FileInput,
      description: 'Parquet, from an earlier step',
    }),
    trainer: Type.Optional(Type.Enum([...TRAINERS])),
    label: Type.Optional(Type.String({ description: 'Column of 0 and 1 (default __label)' })),
    features: Type.Optional(
      Type.Array(Type.String(), { description: 'Default: all that do not start with __' }),
    ),
    exclude: Type.Optional(Type.Array(Type.String())),
    params: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.String()]))),
    seed: Type.Optional(Type.Integer()),
    experiment: Type.Optional(Type.String({ description: 'Default: the name of the pipeline' })),
    name: Type.Optional(Type.String({ description: 'Name of the run' })),
    dataset: Type.Optional(Type.String({ description: 'Lineage: NAME@VERSION' })),
    featureService: Type.Optional(Type.String({ description: 'Lineage: NAME@DIGEST' })),
  },
  { additionalProperties: false },
);
type TrainWithInput = Static<typeof TrainWith>;

/** Trains a built-in baseline and records the experiment run. */
export const trainStep: StepKind = {
  name: 'experiments/train',
  version: '1',
  summary: 'Train gradient-boosted trees, a logistic regression or the base rate, and write ONNX.',
  runs: 'process',
  inputs: TrainWith,
  cached: true,

  async prepare(scope, withValues) {
    const wanted = withValues as unknown as TrainWithInput;
    if (!scope.platform.blobs.has(wanted.table.digest)) {
      throw experimentsError(
        'experiments.train.invalid',
        'The "table" of the step is not in the blob store.',
      );
    }
    const { digest, size } = wanted.table;
    return {
      table: { digest, size, path: scope.platform.blobs.path(digest) },
      trainer: wanted.trainer ?? 'gradient-boosting',
      label: wanted.label ?? '__label',
      ...(wanted.features && { features: wanted.features }),
      ...(wanted.exclude && { exclude: wanted.exclude }),
      params: (wanted.params ?? {}) as JsonObject,
      seed: wanted.seed ?? 0,
      // Another set of packages may train another model: it belongs to the cache key.
      lock: await lockDigest(),
    };
  },

  commit: recordTraining,
};

async function recordTraining(tx: Scope, result: CommittedResult, run: StepContext): Promise<JsonObject> {
  const wanted = run.with as unknown as TrainWithInput;
  const { model, report: reportFile } = result.files;
  if (!model || !reportFile) throw new Error('The training left no model or no report behind.');
  const report = JSON.parse((await tx.platform.blobs.get(reportFile.digest)).toString()) as TrainingReport;
  const inputs: RunInput[] = [{ subject: run.runSubject, role: 'pipeline' }];
  if (wanted.dataset) inputs.push({ subject: `dataset:${wanted.dataset}`, role: 'training' });
  if (wanted.featureService) {
    inputs.push({ subject: `feature-service:${shortReference(wanted.featureService)}`, role: 'features' });
  }

  const opened = await createRun(tx, {
    experiment: wanted.experiment ?? run.pipeline,
    name: wanted.name ?? `${report.trainer} ${run.runId.slice(-6)}`,
    params: { trainer: report.trainer, label: String(result.input.label), ...report.params },
    tags: {
      pipeline: run.pipeline,
      'pipeline.run': run.runId,
      'pipeline.step': run.step,
      features: report.features.join(','),
    },
    environment: await captureEnvironment(),
    inputs,
    startedAt: tx.now() - Math.round((report.metrics['train.seconds'] ?? 0) * 1000),
  });
  const now = tx.now();
  const finals = Object.entries(report.metrics).map(([key, value]) => ({ key, value, step: 0, time: now }));
  const losses = thin(report.history, 500).map(({ step, loss }) => ({
    key: 'loss',
    value: loss,
    step,
    time: now,
  }));
  await logMetrics(tx, opened.id, [...finals, ...losses]);
  await logArtifacts(tx, opened.id, [
    { path: 'model.onnx', digest: model.digest, size: model.size, mediaType: 'application/octet-stream' },
    {
      path: 'metrics.json',
      digest: reportFile.digest,
      size: reportFile.size,
      mediaType: 'application/json',
    },
  ]);
  await finishRun(tx, opened.id);
  return { runId: opened.id, experiment: opened.experiment } satisfies Record<string, Json>;
}

/** `NAME@DIGEST12` of a reference that may carry the whole digest. */
function shortReference(reference: string): string {
  const [name, digest] = reference.split('@');
  return digest === undefined ? reference : `${name}@${shortDigest(digest)}`;
}

/** At most `most` items, evenly spread, the last one always among them. */
function thin<T>(items: readonly T[], most: number): T[] {
  const every = Math.ceil(items.length / most);
  return items.filter((_, index) => index % every === 0 || index === items.length - 1);
}
