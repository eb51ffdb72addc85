import type {
  BareRun,
  DatasetInput,
  MetricPoint,
  TrackedExperiment,
  TrackedRun,
} from '../../domains/experiments/index.ts';

/** Well-known tags that carry a run's name, its parent and the use of a dataset. */
export const TAG = {
  runName: 'mlflow.runName',
  parentRun: 'mlflow.parentRunId',
  datasetContext: 'mlflow.data.context',
  modelHistory: 'mlflow.log-model.history',
} as const;

export const pairs = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

export function wireExperiment(experiment: TrackedExperiment) {
  return {
    experiment_id: String(experiment.id),
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.stage,
    last_update_time: experiment.updatedAt,
    creation_time: experiment.createdAt,
    tags: pairs(experiment.tags),
  };
}

/** JSON has no NaN and no infinities: they travel as words. */
export const wireNumber = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value);

export function wireMetric({ key, value, time, step }: MetricPoint) {
  return { key, value: wireNumber(value), timestamp: time, step };
}

export function wireRunInfo(run: BareRun) {
  return {
    run_uuid: run.id,
    run_id: run.id,
    run_name: run.name,
    experiment_id: String(run.experimentId),
    user_id: run.user,
    status: run.status.toUpperCase(),
    start_time: run.startedAt,
    ...(run.endedAt !== null && { end_time: run.endedAt }),
    artifact_uri: run.artifactUri,
    lifecycle_stage: run.stage,
  };
}

export function wireRun(run: TrackedRun) {
  const tags = {
    [TAG.runName]: run.name,
    ...(run.parent !== null && { [TAG.parentRun]: run.parent }),
    ...run.tags,
  };
  return {
    info: wireRunInfo(run),
    data: { metrics: run.metrics.map(wireMetric), params: pairs(run.params), tags: pairs(tags) },
    inputs: {
      dataset_inputs: run.datasets.map(wireDatasetInput),
      model_inputs: run.models
        .filter(({ direction }) => direction === 'input')
        .map(({ modelId }) => ({ model_id: modelId })),
    },
    outputs: {
      model_outputs: run.models
        .filter(({ direction }) => direction === 'output')
        .map(({ modelId, step }) => ({ model_id: modelId, step })),
    },
  };
}

export function wireDatasetInput({ dataset, context, tags }: DatasetInput) {
  const { name, digest, sourceType, source, schema, profile } = dataset;
  return {
    tags: pairs({ ...tags, ...(context !== null && { [TAG.datasetContext]: context }) }),
    dataset: {
      name,
      digest,
      source_type: sourceType,
      source,
      ...(schema !== null && { schema }),
      ...(profile !== null && { profile }),
    },
  };
}
