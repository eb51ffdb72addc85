import { join } from 'node:path';
import { shortDigest } from '../../platform/digest.ts';
import type { ProcessSteps } from '../../platform/engines/steps.ts';
import { compileService } from './definition.model.ts';
import type { FeatureServiceDefinition } from './features.contract.ts';
import { featuresError } from './features.errors.ts';
import { writeTrainingSet } from './offline/training-set.ts';

/** What `prepare` of features/training-set hands over. */
type TrainingSetManifest = {
  service: string;
  serviceDigest: string;
  definition: FeatureServiceDefinition;
  dataset: string;
  datasetVersion: number;
  parts: { digest: string; path: string }[];
  from?: number;
  until?: number;
  last?: number;
  sample?: number;
};

/** The heavy steps of the features domain; they know files, not the database. */
export const processSteps: ProcessSteps = {
  async 'features/training-set'({ input, outputDir, log, progress }) {
    const manifest = input as unknown as TrainingSetManifest;
    const service = compileService(manifest.service, manifest.definition);
    const file = join(outputDir, 'table.parquet');
    const started = performance.now();
    const paths = manifest.parts.map(({ path }) => path);
    const { from, until, last, sample } = manifest;
    const set = await writeTrainingSet(
      service,
      paths,
      file,
      { from, until, last, sample },
      {
        temporaryFolder: join(outputDir, 'spill'),
        progress,
      },
    );
    if (set.rows === 0) throw featuresError('features.training.empty', 'The training set has no rows.');
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    log(`${set.rows} rows with ${service.features.length} features of ${service.name} in ${seconds} s`);
    const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
    return {
      outputs: {
        rows: set.rows,
        service: service.name,
        serviceDigest: manifest.serviceDigest,
        featureService: `${service.name}@${shortDigest(manifest.serviceDigest)}`,
        columns: service.features.map(({ name }) => name),
        label: service.label,
        timeFrom: iso(set.timeFrom),
        timeTo: iso(set.timeTo),
        dataset: manifest.dataset,
        datasetVersion: manifest.datasetVersion,
      },
      files: { table: file },
    };
  },
};
