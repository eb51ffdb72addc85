import Type, { type Static } from 'typebox';
import type { ProcessStepKind, ServerStepKind, StepKind } from '../../platform/engines/steps.ts';
import type { JsonObject } from '../../platform/json.ts';
import { dataError } from './data.errors.ts';
import { versionSubject } from './data.model.ts';
import { parseDuration } from './data.process-steps.ts';
import { getVersion, type VersionRef } from './data.service.ts';
import { judgeVersion } from './explore.service.ts';

const Version = Type.Union(
  [Type.Integer({ minimum: 1 }), Type.String({ pattern: '^(latest|[1-9][0-9]{0,8})$' })],
  {
    description: 'Number of a version, or latest (default)',
  },
);

const ValidateWith = Type.Object(
  {
    dataset: Type.String({ description: 'Name of the dataset' }),
    version: Type.Optional(Version),
    onFailure: Type.Optional(
      Type.Enum(['fail', 'stop', 'continue'], {
        description: 'What failed critical expectations do to the run (default fail)',
      }),
    ),
  },
  { additionalProperties: false },
);

/** A version from a step's `with`, where numbers may arrive as text. */
export function versionRef(value: string | number | undefined): VersionRef {
  return value === undefined || value === 'latest' ? 'latest' : Number(value);
}

/** Pins the version, judges it by the dataset's expectations, and hands its number and digest on. */
const validateStep: ServerStepKind = {
  name: 'data/validate',
  version: '1',
  summary: 'Judge a version of a dataset by its expectations.',
  runs: 'server',
  inputs: ValidateWith,
  cached: false,

  async prepare(scope, withValues) {
    const wanted = withValues as Static<typeof ValidateWith>;
    const { version, digest } = await getVersion(scope, wanted.dataset, versionRef(wanted.version));
    return { dataset: wanted.dataset, version, digest, onFailure: wanted.onFailure ?? 'fail' };
  },

  async execute({ scope, input, log, run }) {
    const { dataset, version, onFailure } = input as { dataset: string; version: number; onFailure: string };
    const { report, validation, digest } = await judgeVersion(scope, dataset, version, run.stepSubject);
    for (const { success, severity, description } of report.results) {
      log(`${success ? 'ok' : `FAILED (${severity})`}  ${description}`);
    }
    const failed = report.results.filter((result) => !result.success && result.severity === 'critical');
    const sentence = `${dataset}@${version} fails ${failed.length} critical expectations: ${failed.map((result) => result.description).join('; ')}`;
    if (!report.success && onFailure === 'fail') {
      throw dataError('data.version.unfit', sentence, { validation: validation.id });
    }
    const outputs: JsonObject = {
      dataset,
      version,
      digest,
      success: report.success,
      rows: report.rows,
      failed: report.failed,
      validation: validation.id,
    };
    const stopped = !report.success && onFailure === 'stop' ? { stopped: sentence } : {};
    return { outputs, uses: [versionSubject(dataset, version)], ...stopped };
  },
};

const Stretch = Type.Union([Type.Number(), Type.String({ maxLength: 32 })], {
  description: 'A duration such as 14d, or a share of the rows such as 0.2',
});
const SplitWith = Type.Object(
  {
    table: Type.Object(
      { digest: Type.String(), size: Type.Number(), path: Type.Optional(Type.String()) },
      { description: 'Parquet, from an earlier step' },
    ),
    test: Stretch,
    validation: Type.Optional(Stretch),
    train_window: Type.Optional(
      Type.String({ maxLength: 32, description: 'Train on the last stretch only' }),
    ),
    gap: Type.Optional(Type.String({ maxLength: 32, description: 'Leave out the rows just before the cut' })),
    time: Type.Optional(Type.String({ description: 'Column of the time (default __time)' })),
  },
  { additionalProperties: false },
);

const splitStep: ProcessStepKind = {
  name: 'data/split-by-time',
  version: '2',
  summary: 'Cut a table by time into train, validation and test.',
  runs: 'process',
  inputs: SplitWith,
  cached: true,

  async prepare(scope, withValues) {
    const wanted = withValues as Static<typeof SplitWith>;
    const { digest, size } = wanted.table;
    for (const duration of [wanted.train_window, wanted.gap])
      if (duration !== undefined) parseDuration(duration);
    return {
      table: { digest, size, path: scope.platform.blobs.path(digest) },
      test: wanted.test,
      ...(wanted.validation !== undefined && { validation: wanted.validation }),
      ...(wanted.train_window !== undefined && { trainWindow: wanted.train_window }),
      ...(wanted.gap !== undefined && { gap: wanted.gap }),
      timeColumn: wanted.time ?? '__time',
    };
  },
};

/** The steps that pipelines may use. */
export const dataSteps: readonly StepKind[] = [validateStep, splitStep];
