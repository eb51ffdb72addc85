import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProbabilityModel } from '../../math/learn/probability-model.ts';
import type { JsonObject } from '../../platform/json.ts';
import { gradientBoostingToOnnx } from '../../platform/onnx/gradient-boosting-onnx.ts';
import { logisticRegressionToOnnx } from '../../platform/onnx/logistic-regression-onnx.ts';
import { createTables } from '../../platform/tables/tables.ts';
import type { ProcessStepContext, ProcessSteps, StepResult } from '../pipelines/index.ts';
import { type TrainerName, type Training, train, trainingMetrics } from './trainers.ts';
import { readTrainingTable } from './training-table.ts';

export type TrainInput = {
  table: { digest: string; path: string };
  trainer: TrainerName;
  label: string;
  features?: string[];
  exclude?: string[];
  params: JsonObject;
  seed: number;
};

/** The content of the file `report` that a training leaves behind. */
export type TrainingReport = {
  trainer: TrainerName;
  params: Record<string, string>;
  features: string[];
  metrics: Record<string, number>;
  history: Training['history'];
  importance: { feature: string; importance: number }[];
};

/** Steps that run in a process of their own; no database and no server in here. */
export const processSteps: ProcessSteps = { 'experiments/train': trainStep };

async function trainStep({ input, outputDir, log, progress }: ProcessStepContext): Promise<StepResult> {
  const { table: file, trainer, label, features, exclude, params, seed } = input as unknown as TrainInput;
  const started = performance.now();
  const tables = await createTables({ threads: 2, memoryLimit: '1GB' });
  const table = await readTrainingTable(tables, {
    path: file.path,
    label,
    ...(features && { features }),
    ...(exclude && { exclude }),
  }).finally(() => tables.close());
  log(`${table.labels.length} rows, ${table.names.length} features: ${table.names.join(', ')}`);
  progress(0.05, `training on ${table.labels.length} rows`);

  const fitted = train(trainer, table, params, seed, (step, total, loss) => {
    progress(0.05 + (0.85 * step) / total, `${step} of ${total}, log loss ${loss.toFixed(4)}`);
    if (step % 10 === 0 || step === total) log(`step ${step} of ${total}: log loss ${loss.toFixed(5)}`);
  });
  const metrics: Record<string, number> = { ...trainingMetrics(fitted.model, table), 'train.seconds': 0 };
  const seconds = (performance.now() - started) / 1000;
  metrics['train.seconds'] = Math.round(seconds * 1000) / 1000;
  for (const [name, value] of Object.entries(metrics)) log(`${name} = ${value}`);

  const report: TrainingReport = {
    trainer,
    params: fitted.params,
    features: table.names.slice(),
    metrics,
    history: fitted.history,
    importance: [...fitted.model.importance].sort((a, b) => b.importance - a.importance),
  };
  const modelPath = join(outputDir, 'model.onnx');
  const reportPath = join(outputDir, 'metrics.json');
  await writeFile(modelPath, toOnnx(fitted.model));
  await writeFile(reportPath, JSON.stringify(report));
  return {
    outputs: { trainer, metrics, features: report.features, importance: report.importance.slice(0, 20) },
    files: { model: modelPath, report: reportPath },
  };
}

function toOnnx(model: ProbabilityModel): Uint8Array {
  return model.kind === 'gradient-boosting' ? gradientBoostingToOnnx(model) : logisticRegressionToOnnx(model);
}
