import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTables } from '../../platform/tables/tables.ts';
import type { ProcessStepContext, ProcessSteps, StepResult } from '../pipelines/index.ts';
import { type EvaluationInput, evaluate, type ModelFile } from './evaluation/evaluate.ts';
import { readTestTable } from './evaluation/test-table.ts';

/** What `prepare` of registry/evaluate resolves. */
export type EvaluateStepInput = Omit<EvaluationInput, 'testDigest'> & { test: ModelFile; label: string };

/** Steps that run in a process of their own; no database and no server in here. */
export const processSteps: ProcessSteps = { 'registry/evaluate': evaluateStep };

async function evaluateStep({ input, outputDir, log, progress }: ProcessStepContext): Promise<StepResult> {
  const { test, label, ...wanted } = input as unknown as EvaluateStepInput;
  const tables = await createTables({ threads: 2, memoryLimit: '1GB' });
  const table = await readTestTable(tables, test.path, label).finally(() => tables.close());
  log(`${table.rows} test rows, ${table.names.length} features, ${table.slices.size} slice columns`);
  const { report, profile } = await evaluate(
    table,
    { ...wanted, testDigest: test.digest },
    (fraction, note) => {
      log(note);
      progress(fraction, note);
    },
  );
  const { candidate, champion, baseline, versusChampion, versusBaseline } = report;
  const metrics = {
    auc: candidate.auc.value,
    logLoss: candidate.logLoss.value,
    brier: candidate.brier.value,
    ece: candidate.ece,
    accuracy: candidate.accuracy,
  };
  for (const [name, value] of Object.entries(metrics)) log(`${name} = ${value}`);
  if (report.championProblem) log(`The champion was not judged: ${report.championProblem}`);
  const reportPath = join(outputDir, 'evaluation.json');
  const profilePath = join(outputDir, 'profile.json');
  await writeFile(reportPath, JSON.stringify(report));
  await writeFile(profilePath, JSON.stringify(profile));
  return {
    outputs: {
      metrics,
      rows: report.rows,
      championAuc: champion?.auc.value ?? null,
      baselineAuc: baseline.auc.value,
      aucVersusChampion: versusChampion?.auc.value ?? null,
      aucVersusBaseline: versusBaseline.auc.value,
    },
    files: { report: reportPath, profile: profilePath },
  };
}
