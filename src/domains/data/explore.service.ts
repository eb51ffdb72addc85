import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Json, JsonObject } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import { parquetSource, sqlIdentifier, sqlLiteral } from '../../platform/tables/index.ts';
import { displaySql } from './columns.ts';
import { versionSubject } from './data.model.ts';
import { getDataset, type VersionParts, type VersionRef, versionParts } from './data.service.ts';
import * as store from './data.store.ts';
import type { Batch } from './expectations/batch.ts';
import type { Expectation, SuiteReport } from './expectations/expectation.model.ts';
import { validate } from './expectations/validate.ts';
import { diffVersions, type VersionDiff } from './explore/diff.ts';
import type { Profile } from './explore/profile.model.ts';
import { profileTable } from './explore/profile.ts';
import { suggestExpectations } from './explore/suggest.ts';
import type { FileFormat } from './ingest/reading.ts';
import { stagedPath } from './ingest/staged-file.ts';
import { validationOf } from './uploads.service.ts';

/** Up to this many cells a profile is awaited; above, a job makes it. */
const inlineCells = 2_000_000;
export const profileJob = 'data.profile';

export type ProfileState =
  | { state: 'ready'; version: number; digest: string; profile: Profile }
  | { state: 'pending'; version: number; digest: string }
  | { state: 'failed'; version: number; digest: string; error: string };

const batchOf = (parts: VersionParts): Batch => ({
  from: parquetSource(parts.paths),
  columns: parts.columns,
});
const profileKey = (digest: string) => `profile:${digest}`;

/** What was computed under a key, from its blob. */
async function derived<T>(scope: Scope, key: string): Promise<{ value?: T; error?: string } | null> {
  const row = await store.findDerived(scope.db, key);
  if (!row) return null;
  if (row.blob !== null && scope.platform.blobs.has(row.blob)) {
    return { value: JSON.parse((await scope.platform.blobs.get(row.blob)).toString()) as T };
  }
  return row.error === null ? null : { error: row.error };
}

async function keep(scope: Scope, key: string, value: unknown): Promise<void> {
  const { digest } = await scope.platform.blobs.put(Buffer.from(JSON.stringify(value)));
  await store.putDerived(scope.db, { key, blob: digest, error: null, createdAt: scope.now() });
}

/** Profiles one version and keeps the result by its digest. */
export async function makeProfile(scope: Scope, name: string, version: VersionRef): Promise<Profile> {
  const parts = await versionParts(scope, name, version);
  const known = await derived<Profile>(scope, profileKey(parts.digest));
  if (known?.value) return known.value;
  const profile = await profileTable(scope.platform.tables, batchOf(parts));
  await keep(scope, profileKey(parts.digest), profile);
  return profile;
}

/** Keeps why a profile could not be made, so that callers stop waiting. */
export async function failProfile(scope: Scope, digest: string): Promise<void> {
  const error = 'The profile could not be computed; the server log says why.';
  await store.putDerived(scope.db, { key: profileKey(digest), blob: null, error, createdAt: scope.now() });
}

/** The profile of a version: at once when it is known or small, else `pending` while a job makes it. */
export async function getProfile(scope: Scope, name: string, version: VersionRef): Promise<ProfileState> {
  const parts = await versionParts(scope, name, version);
  const about = { version: parts.version, digest: parts.digest };
  const known = await derived<Profile>(scope, profileKey(parts.digest));
  if (known?.value) return { state: 'ready', ...about, profile: known.value };
  if (known?.error) return { state: 'failed', ...about, error: known.error };
  if (parts.rows * parts.columns.length <= inlineCells) {
    return { state: 'ready', ...about, profile: await makeProfile(scope, name, parts.version) };
  }
  const payload = { dataset: name, version: parts.version, digest: parts.digest };
  const key = `${profileJob}:${parts.digest}`;
  await transact(scope, (tx) => scope.platform.jobs.enqueue(tx, { kind: profileJob, payload, key }));
  return { state: 'pending', ...about };
}

/** Compares two versions; computed once for a pair of digests. */
export async function getDiff(
  scope: Scope,
  name: string,
  from: VersionRef,
  to: VersionRef,
): Promise<VersionDiff> {
  const [before, after] = [await versionParts(scope, name, from), await versionParts(scope, name, to)];
  const key = `diff:${before.digest}:${after.digest}`;
  const known = await derived<VersionDiff>(scope, key);
  const diff = known?.value ?? (await diffVersions(scope.platform.tables, before, after));
  if (!known?.value) await keep(scope, key, diff);
  const named = (side: VersionDiff['from'], version: number) => ({ ...side, version });
  return { ...diff, from: named(diff.from, before.version), to: named(diff.to, after.version) };
}

/** A page of rows in their stored order, as a reader sees them. */
export async function listRows(
  scope: Scope,
  name: string,
  version: VersionRef,
  page: { limit: number; offset: number },
): Promise<{ version: number; total: number; columns: VersionParts['columns']; rows: Json[][] }> {
  const parts = await versionParts(scope, name, version);
  const shown = parts.columns.map((column) => `${displaySql(column)} AS ${sqlIdentifier(column.name)}`);
  const rows = await scope.platform.tables.query(
    `SELECT ${shown.join(', ')} FROM ${parquetSource(parts.paths)} LIMIT ${page.limit} OFFSET ${page.offset}`,
  );
  const cell = (value: unknown): Json =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : (value as Json);
  return {
    version: parts.version,
    total: parts.rows,
    columns: parts.columns,
    rows: rows.map((row) => parts.columns.map(({ name: column }) => cell(row[column]))),
  };
}

/** All rows of a version as one file. A version of one part is sent as its stored bytes. */
export async function openDownload(
  scope: Scope,
  name: string,
  version: VersionRef,
  format: FileFormat,
): Promise<{ stream: Readable; fileName: string }> {
  const parts = await versionParts(scope, name, version);
  const fileName = `${name}-${parts.version}.${format}`;
  if (format === 'parquet' && parts.digests.length === 1) {
    return { stream: scope.platform.blobs.stream(parts.digests[0]), fileName };
  }
  const path = stagedPath(scope.platform.config, format);
  const options = format === 'csv' ? 'FORMAT csv, HEADER' : 'FORMAT parquet, COMPRESSION zstd';
  await scope.platform.tables.run(
    `COPY (SELECT * FROM ${parquetSource(parts.paths)}) TO ${sqlLiteral(path)} (${options})`,
  );
  const stream = createReadStream(path);
  stream.once('close', () => void rm(path, { force: true }));
  return { stream, fileName };
}

/** Expectations that the version meets, with room for the next batch. */
export async function suggest(scope: Scope, name: string, version: VersionRef): Promise<Expectation[]> {
  const parts = await versionParts(scope, name, version);
  const profile = await makeProfile(scope, name, parts.version);
  return suggestExpectations(scope.platform.tables, batchOf(parts), profile);
}

export type Judgement = {
  validation: store.Validation;
  report: SuiteReport;
  version: number;
  digest: string;
};

/** Judges a whole version by the dataset's current expectations on behalf of a caller, and records the outcome. */
export function validateVersion(
  scope: Scope,
  name: string,
  version: VersionRef,
  source = '',
): Promise<Judgement> {
  authorise(scope, 'data.write');
  return judgeVersion(scope, name, version, source);
}

/** The same for a pipeline, whose right to run is enough. */
export async function judgeVersion(
  scope: Scope,
  name: string,
  version: VersionRef,
  source: string,
): Promise<Judgement> {
  const dataset = await getDataset(scope, name);
  const parts = await versionParts(scope, name, version);
  const report = await validate(scope.platform.tables, batchOf(parts), dataset.expectations);
  const about = { version: parts.version, digest: parts.digest, source, outcome: 'checked' as const };
  return transact(scope, async (tx) => {
    const validation = validationOf(tx, dataset, report, about);
    await store.insertValidation(tx.db, validation, report);
    const { success, rows, evaluated, failed } = report;
    const data: JsonObject = { dataset: name, version: parts.version, digest: parts.digest };
    await record(tx, {
      type: 'data.validation.finished',
      subject: versionSubject(name, parts.version),
      data: { ...data, validation: validation.id, success, rows, evaluated, failed },
      uses: [`suite:${name}`],
    });
    return { validation, report, version: parts.version, digest: parts.digest };
  });
}
