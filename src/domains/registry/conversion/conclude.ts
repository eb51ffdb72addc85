import type { JobContext } from '../../../platform/jobs/jobs.ts';
import { record } from '../../../platform/ledger/index.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { updateVersionRow } from '../catalog/catalog.store.ts';
import { findVersion } from '../models.store.ts';
import type { ModelFormat, ModelSignature } from '../registry.contract.ts';
import type { ConversionRow } from '../registry.tables.ts';
import type { ConversionFailure, Parity } from './conversion.contract.ts';
import * as store from './conversions.store.ts';

export type Outcome =
  | {
      state: 'converted';
      digest: string;
      size: number;
      signature: ModelSignature;
      format: ModelFormat;
      parity: Parity;
    }
  | { state: 'failed'; error: ConversionFailure };

/** Binds the twin to its version, or writes down why there is none, together with the end of the job. */
export async function concludeConversion(
  scope: Scope,
  id: string,
  outcome: Outcome,
  job: JobContext,
): Promise<void> {
  await transact(scope, async (tx) => {
    await job.guard(tx);
    const row = (await store.findConversion(tx.db, id))!;
    const ended = { state: outcome.state, ended_at: tx.now(), note: null };
    if (outcome.state === 'failed') {
      await store.updateConversion(tx.db, id, { ...ended, error: JSON.stringify(outcome.error) });
      await recordFailure(tx, row, outcome.error);
    } else {
      const { digest, size, signature, format, parity } = outcome;
      await store.updateConversion(tx.db, id, { ...ended, progress: 1, result: JSON.stringify(parity) });
      await updateVersionRow(tx.db, row.model, row.version, {
        serving_digest: digest,
        serving_size: size,
        serving_signature: JSON.stringify(signature),
        serving_format: JSON.stringify(format),
        status_message: `Served as its ONNX twin: ${parityText(parity)}.`,
      });
      await recordTwin(tx, row, digest, parity);
    }
    await job.finish(tx);
  });
}

function parityText({ maxRelative, rows }: Parity): string {
  const count = (rows.example ?? 0) + (rows.drawn ?? 0);
  return `differs by at most ${Number(maxRelative.toPrecision(2))} (relative) on ${count} rows`;
}

async function recordTwin(tx: Scope, row: ConversionRow, digest: string, parity: Parity): Promise<void> {
  const { model, version, flavor } = row;
  const packaged = (await findVersion(tx.db, model, version))!.digest;
  const { maxAbsolute, maxRelative, tolerance, rows } = parity;
  await record(tx, {
    type: 'registry.version.converted',
    subject: `model:${model}/${version}`,
    data: { model, version, flavor, digest, packaged, maxAbsolute, maxRelative, tolerance, rows },
  });
}

async function recordFailure(tx: Scope, row: ConversionRow, error: ConversionFailure): Promise<void> {
  const { model, version } = row;
  await updateVersionRow(tx.db, model, version, {
    status_message: `Recorded only, since no ONNX could be made of it: ${error.message} ${error.next}`,
  });
  await record(tx, {
    type: 'registry.conversion.failed',
    subject: `model:${model}/${version}`,
    data: { model, version, conversion: row.id, reason: error.message },
  });
}
