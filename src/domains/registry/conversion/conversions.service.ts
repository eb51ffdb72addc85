import { isoTime } from '../../../platform/clock.ts';
import { newId } from '../../../platform/ids.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact, withCause } from '../../../platform/scope.ts';
import { holdVersion } from '../models.store.ts';
import type { ModelVersion, VersionRef } from '../registry.door.ts';
import { getVersion } from '../registry.service.ts';
import type { ConversionRow } from '../registry.tables.ts';
import { type ConversionFailure, conversionError, type Parity } from './conversion.contract.ts';
import * as store from './conversions.store.ts';
import { readPackage } from './package-files.ts';
import { findPython } from './python-environment.ts';

export const convertJob = 'registry.convert';

/**
 * Asks for the ONNX twin of a version; gives back the attempt that runs already, or the one that made the twin.
 * Loading a pickle runs its code, so that needs the permission pipelines.code besides registry.write.
 * @throws registry.conversion.off, registry.conversion.unsupported, registry.conversion.no_python
 */
export async function requestConversion(
  scope: Scope,
  model: string,
  ref: VersionRef,
): Promise<ConversionRow> {
  authorise(scope, 'registry.write');
  const version = await getVersion(scope, model, ref);
  const known = await ongoing(scope, version);
  if (known) return known;
  const { conversion, python } = scope.platform.config;
  if (conversion === 'off') {
    throw conversionError('registry.conversion.off', 'Conversion is switched off on this server.');
  }
  const { flavor, isPickle } = await readPackage(scope, version);
  if (isPickle) authorise(scope, 'pipelines.code');
  if (findPython({ python }) === null) {
    throw conversionError('registry.conversion.no_python', 'There is no Python to convert models with.');
  }
  return transact(scope, async (tx) => {
    await holdVersion(tx.db, version.model, version.version);
    const meanwhile = await ongoing(tx, version);
    return meanwhile ?? enqueue(tx, version, flavor);
  });
}

/** What makes a new attempt needless. */
async function ongoing(scope: Scope, { model, version, servable, packaged }: ModelVersion) {
  if (servable && !packaged) {
    throw conversionError('registry.conversion.unsupported', 'This version is ONNX already.');
  }
  const newest = await store.newestConversion(scope.db, model, version);
  return newest?.state === 'failed' ? undefined : newest;
}

async function enqueue(tx: Scope, version: ModelVersion, flavor: string): Promise<ConversionRow> {
  const row: ConversionRow = {
    id: newId('conv', tx.now()),
    model: version.model,
    version: version.version,
    state: 'queued',
    flavor,
    may_run_code: tx.permissions.has('*') || tx.permissions.has('pipelines.code') ? 1 : 0,
    actor: tx.actor,
    progress: null,
    note: null,
    error: null,
    result: null,
    created_at: tx.now(),
    started_at: null,
    ended_at: null,
  };
  await store.insertConversion(tx.db, row);
  const { id } = await record(tx, {
    type: 'registry.conversion.requested',
    subject: `model:${row.model}/${row.version}`,
    data: {
      model: row.model,
      version: row.version,
      conversion: row.id,
      flavor,
      mayRunCode: row.may_run_code === 1,
    },
  });
  const payload = { conversion: row.id };
  await tx.platform.jobs.enqueue(withCause(tx, id), { kind: convertJob, payload, key: row.id });
  return row;
}

/** The newest attempt at a version. @throws registry.conversion.not_found */
export async function getConversion(scope: Scope, model: string, ref: VersionRef): Promise<ConversionRow> {
  const { version } = await getVersion(scope, model, ref);
  const row = await store.newestConversion(scope.db, model, version);
  if (!row)
    throw conversionError('registry.conversion.not_found', 'Nobody has asked to convert this version.');
  return row;
}

/** An attempt as HTTP replies carry it. */
export function wireConversion(row: ConversionRow) {
  return {
    id: row.id,
    state: row.state,
    flavor: row.flavor,
    mayRunCode: row.may_run_code === 1,
    progress: row.progress,
    note: row.note,
    error: row.error === null ? null : (JSON.parse(row.error) as ConversionFailure),
    parity: row.result === null ? null : (JSON.parse(row.result) as Parity),
    actor: row.actor,
    createdAt: isoTime(row.created_at),
    endedAt: isoTime(row.ended_at),
  };
}
