import { rm } from 'node:fs/promises';
import { newId } from '../../platform/ids.ts';
import type { JsonObject } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import { dataError } from './data.errors.ts';
import {
  type Dataset,
  type DatasetVersion,
  datasetSubject,
  manifestDigest,
  type Part,
  sameColumns,
  type UploadMode,
  versionSubject,
} from './data.model.ts';
import { getDataset } from './data.service.ts';
import * as store from './data.store.ts';
import type { ExpectationResult, SuiteReport } from './expectations/expectation.model.ts';
import { type JudgedBatch, judgeBatch } from './ingest/ingest.ts';
import type { FileFormat } from './ingest/reading.ts';
import { type StagedFile, stage } from './ingest/staged-file.ts';

export type Upload = {
  content: AsyncIterable<Uint8Array>;
  format: FileFormat;
  mode?: UploadMode;
  /** With `replace` only: the file sets a new schema. */
  newSchema?: boolean;
  /** Where the rows come from, in the caller's words. */
  source?: string;
  maxBytes?: number;
};

export type UploadResult = {
  version: DatasetVersion;
  validation: { id: string; report: SuiteReport } | null;
  /** False when the newest version already holds exactly these bytes; then nothing was added. */
  created: boolean;
};

/** 8 GiB. */
export const defaultMaxBytes = 8 * 1024 ** 3;

/**
 * Takes a file as a new version of a dataset: staged, read in the dataset's schema, judged by its expectations,
 * and only then put into the blob store. Bytes that the newest version already holds are not appended twice, so
 * an upload may be repeated safely.
 *
 * Raises data.batch.refused (422) with the report when the schema or a critical expectation fails; nothing of a
 * refused batch is kept but its report.
 */
export async function uploadVersion(scope: Scope, name: string, upload: Upload): Promise<UploadResult> {
  authorise(scope, 'data.write');
  await getDataset(scope, name);
  const { config } = scope.platform;
  const staged = await stage(config, upload.content, {
    extension: upload.format,
    maxBytes: upload.maxBytes ?? defaultMaxBytes,
  });
  try {
    if (staged.size === 0) throw dataError('data.file.empty', 'The file is empty.');
    return await takeStaged(scope, name, upload, staged);
  } finally {
    await rm(staged.path, { force: true });
  }
}

async function takeStaged(
  scope: Scope,
  name: string,
  upload: Upload,
  staged: StagedFile,
): Promise<UploadResult> {
  const mode = upload.mode ?? 'append';
  const dataset = await getDataset(scope, name);
  const latest = await store.findVersion(scope.db, name, 'latest');
  if (latest && mode === 'append') {
    const parts = await store.listParts(scope.db, name, latest.generation, latest.parts);
    const isHeld = parts.some((part) => part.sourceDigest === staged.digest);
    if (isHeld) return { version: latest, validation: null, created: false };
  }
  const setsSchema = latest === null || (mode === 'replace' && upload.newSchema === true);
  const batch = await judgeBatch(scope.platform, staged, upload.format, {
    columns: setsSchema ? null : latest.columns,
    expectations: dataset.expectations,
    eventTime: dataset.eventTime,
  });
  try {
    const source = upload.source ?? '';
    if (!batch.report.success) throw await refuse(scope, dataset, batch, { staged, source });
    const { digest, size } = await scope.platform.blobs.putFile(batch.path);
    const part: Part = { digest, size, sourceDigest: staged.digest, rows: batch.rows };
    return await transact(scope, (tx) =>
      addVersion(tx, dataset, batch, part, { mode, source, newSchema: setsSchema }),
    );
  } finally {
    await batch.dispose();
  }
}

/** Records the refusal and returns the error to throw. */
async function refuse(
  scope: Scope,
  dataset: Dataset,
  batch: JudgedBatch,
  { staged, source }: { staged: StagedFile; source: string },
): Promise<Error> {
  const { report } = batch;
  const failed = report.results.filter((result) => !result.success);
  const critical = failed.filter((result) => result.severity === 'critical');
  const id = await transact(scope, async (tx) => {
    const validation = validationOf(tx, dataset, report, {
      digest: staged.digest,
      source,
      outcome: 'refused',
    });
    await store.insertValidation(tx.db, validation, report);
    await record(tx, {
      type: 'data.batch.refused',
      subject: datasetSubject(dataset.name),
      data: {
        dataset: dataset.name,
        validation: validation.id,
        digest: staged.digest,
        rows: report.rows,
        source,
        failed: failed.map(failureOf),
      },
      uses: [`suite:${dataset.name}`],
    });
    return validation.id;
  });
  const message = `The batch of ${report.rows} rows was refused: ${critical.length} critical expectations failed.`;
  return dataError('data.batch.refused', message, { dataset: dataset.name, validation: id, report });
}

/** A failure in the ledger: counts, no rows. */
function failureOf(result: ExpectationResult): JsonObject {
  const { type, column, severity, unexpectedCount, unexpectedPercent } = result;
  return { type, column, severity, unexpectedCount, unexpectedPercent };
}

type Addition = { mode: UploadMode; source: string; newSchema: boolean };

async function addVersion(
  tx: Scope,
  dataset: Dataset,
  batch: JudgedBatch,
  part: Part,
  { mode, source, newSchema }: Addition,
): Promise<UploadResult> {
  const { name } = dataset;
  const number = await store.takeVersionNumber(tx.db, name, tx.now());
  const latest = await store.findVersion(tx.db, name, 'latest');
  if (latest && !(newSchema && mode === 'replace') && !sameColumns(latest.columns, batch.columns)) {
    throw dataError('data.version.conflict', 'Another upload changed the schema of the dataset meanwhile.');
  }
  const base = mode === 'append' ? latest : null;
  const generation = base ? base.generation : (latest?.generation ?? 0) + 1;
  const earlier = base ? await store.listParts(tx.db, name, generation, base.parts) : [];
  if (earlier.some((one) => one.sourceDigest === part.sourceDigest)) {
    throw dataError('data.version.conflict', 'Another upload of the same bytes came first.');
  }
  const parts = [...earlier, part];
  await store.insertPart(tx.db, { dataset: name, generation, position: parts.length }, part);
  const validation = validationOf(tx, dataset, batch.report, {
    version: number,
    digest: part.digest,
    source,
    outcome: 'accepted',
  });
  const version: DatasetVersion = {
    dataset: name,
    version: number,
    digest: manifestDigest(batch.columns, parts),
    rows: (base?.rows ?? 0) + part.rows,
    bytes: (base?.bytes ?? 0) + part.size,
    parts: parts.length,
    columns: batch.columns,
    timeFrom: extreme(Math.min, base?.timeFrom, batch.timeFrom),
    timeTo: extreme(Math.max, base?.timeTo, batch.timeTo),
    mode,
    source,
    validation: validation.id,
    actor: tx.actor,
    createdAt: tx.now(),
  };
  await store.insertVersion(tx.db, { ...version, generation });
  await store.insertValidation(tx.db, validation, batch.report);
  await recordVersion(tx, version, part, batch.report, base);
  return { version, validation: { id: validation.id, report: batch.report }, created: true };
}

async function recordVersion(
  tx: Scope,
  version: DatasetVersion,
  part: Part,
  report: SuiteReport,
  base: DatasetVersion | null,
): Promise<void> {
  const { dataset, version: number, digest, rows, mode, source, validation } = version;
  await record(tx, {
    type: 'data.version.created',
    subject: versionSubject(dataset, number),
    data: {
      dataset,
      version: number,
      digest,
      rows,
      mode,
      source,
      part: { digest: part.digest, rows: part.rows, size: part.size },
      validation: { id: validation, evaluated: report.evaluated, failed: report.failed },
    },
    uses: [datasetSubject(dataset), ...(base ? [versionSubject(dataset, base.version)] : [])],
  });
}

function extreme(
  pick: (a: number, b: number) => number,
  a: number | null | undefined,
  b: number | null,
): number | null {
  if (a === null || a === undefined) return b;
  return b === null ? a : pick(a, b);
}

/** The record of a report. */
export function validationOf(
  tx: Scope,
  dataset: Dataset,
  report: SuiteReport,
  about: { version?: number; digest: string; source: string; outcome: store.Validation['outcome'] },
): store.Validation {
  const { success, rows, evaluated, failed } = report;
  return {
    id: newId('validation', tx.now()),
    dataset: dataset.name,
    version: about.version ?? null,
    digest: about.digest,
    suiteRevision: dataset.suiteRevision,
    outcome: about.outcome,
    success,
    rows,
    evaluated,
    failed,
    source: about.source,
    actor: tx.actor,
    createdAt: tx.now(),
  };
}
