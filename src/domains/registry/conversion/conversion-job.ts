import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import Value from 'typebox/value';
import type { Engine, EngineStatus } from '../../../platform/engines/engine.ts';
import { HoustonError } from '../../../platform/errors.ts';
import { type JobContext, type JobKind, JobLost } from '../../../platform/jobs/jobs.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { errorText } from '../../../platform/log.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import { findVersion } from '../models.store.ts';
import { describeBlob } from '../registry.service.ts';
import type { ConversionRow } from '../registry.tables.ts';
import { concludeConversion, type Outcome } from './conclude.ts';
import { type ConversionFailure, ParitySchema } from './conversion.contract.ts';
import { convertJob } from './conversions.service.ts';
import * as store from './conversions.store.ts';
import { readPackage } from './package-files.ts';
import { convertProgram, findPython } from './python-environment.ts';

const GIB = 1024 ** 3;
/** What the process may use: address space, processor time, time on the clock. */
const limits = { memoryBytes: 8 * GIB, cpuSeconds: 600, wallMs: 15 * 60_000 };
const seed = 20_260_101;

/** Deterministic name of an attempt at the engine. */
export const externalIdOf = ({ id }: Pick<ConversionRow, 'id'>): string => `houston-convert-${id}`;

/** Converts one version in a process of its own; started again after a crash it takes up that process. */
export function conversionJob(engineOf: () => Engine): JobKind {
  return {
    kind: convertJob,
    pool: 'conversions',
    slots: 1,
    atStop: 'release',
    attempts: 1_000,
    takeovers: 1_000,
    async run(scope, { conversion }, job) {
      const engine = engineOf();
      const row = await begin(scope, String(conversion), job);
      if (!row) return;
      const outcome = await perform(scope, row, job, engine).catch((error) => onThrown(scope, error, job));
      await concludeConversion(scope, row.id, outcome, job);
      await engine.clean(externalIdOf(row));
    },
  };
}

/** Marks the attempt as running. Undefined when it has ended already. */
async function begin(scope: Scope, id: string, job: JobContext): Promise<ConversionRow | undefined> {
  return transact(scope, async (tx) => {
    await job.guard(tx);
    const row = await store.findConversion(tx.db, id);
    if (!row || row.ended_at !== null) return undefined;
    if (row.state === 'running') return row;
    const started = { state: 'running' as const, started_at: tx.now() };
    await store.updateConversion(tx.db, id, started);
    return { ...row, ...started };
  });
}

function onThrown(scope: Scope, error: unknown, job: JobContext): Outcome {
  if (error instanceof JobLost || job.signal.aborted) throw error;
  if (error instanceof HoustonError) {
    return failed({ code: error.code, message: error.message, next: error.next });
  }
  scope.log.error('registry: a conversion failed inside', { error: errorText(error) });
  return failed({
    code: 'failed',
    message: 'The conversion failed inside the server.',
    next: 'Read its log.',
  });
}

const failed = (error: ConversionFailure): Outcome => ({ state: 'failed', error });

async function perform(scope: Scope, row: ConversionRow, job: JobContext, engine: Engine): Promise<Outcome> {
  const id = externalIdOf(row);
  if ((await engine.find(id)) === null) await submit(scope, row, engine);
  const late = AbortSignal.timeout(Math.max(1, row.started_at! + limits.wallMs - scope.now()));
  let shown = 0;
  try {
    const status = await engine.wait(id, {
      signal: AbortSignal.any([job.signal, late]),
      progress({ fraction, note }) {
        if (scope.now() - shown < 300) return;
        shown = scope.now();
        store
          .updateConversion(scope.db, row.id, { progress: fraction, note })
          .catch((error) =>
            scope.log.debug('registry: progress was not written', { error: errorText(error) }),
          );
      },
    });
    return await judge(scope, engine, id, status);
  } catch (error) {
    if (job.signal.aborted || !late.aborted) throw error;
    await engine.stop(id);
    const message = `The conversion took longer than ${limits.wallMs / 60_000} minutes.`;
    return failed({ code: 'failed', message, next: 'Log the model as ONNX yourself.' });
  }
}

/** Starts the process: no secret in its environment, its own folder, and only the files of this package named. */
async function submit(scope: Scope, row: ConversionRow, engine: Engine): Promise<void> {
  const version = await findVersion(scope.db, row.model, row.version);
  const python = findPython(scope.platform.config);
  if (!version || python === null) throw new Error('The version or the Python is gone.');
  const { flavor, files, flavors, inputs, example } = await readPackage(scope, version);
  const paths = Object.entries(files).map(([name, digest]) => [name, scope.platform.blobs.path(digest)]);
  const { memoryBytes, cpuSeconds } = limits;
  await engine.submit({
    externalId: externalIdOf(row),
    // -I: neither the environment nor the user's own folder decides what is imported.
    command: [python, '-I', '-B', convertProgram],
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LANG: 'C.UTF-8',
      OMP_NUM_THREADS: '1',
      OPENBLAS_NUM_THREADS: '1',
    },
    manifest: {
      input: {
        flavor,
        files: Object.fromEntries(paths) as JsonObject,
        description: { flavors, inputs: inputs as Json, saved_input_example_info: example },
        digest: version.digest,
        allowCode: row.may_run_code === 1,
        memoryBytes,
        cpuSeconds,
        seed,
      },
    },
  });
}

/** What the process left behind, which may be anything: a model that ran its code may have written it. */
async function judge(scope: Scope, engine: Engine, id: string, status: EngineStatus): Promise<Outcome> {
  const next = 'Read the log of the conversion, then ask again or log the model as ONNX.';
  if (status.state !== 'exited') {
    return failed({ code: 'lost', message: 'The process of the conversion ended without a word.', next });
  }
  const { outputs, outputDir } = await engine.collect(id).catch(() => ({ outputs: null, outputDir: '' }));
  if (status.exitCode !== 0) {
    const told = outputs?.error as Partial<ConversionFailure> | undefined;
    if (typeof told?.message === 'string' && typeof told.code === 'string' && typeof told.next === 'string') {
      const cut = (text: string) => text.slice(0, 1000);
      return failed({ code: cut(told.code), message: cut(told.message), next: cut(told.next) });
    }
    const how = status.signal ? `was ended by ${status.signal}` : `ended with exit code ${status.exitCode}`;
    return failed({ code: 'failed', message: `The process of the conversion ${how}.`, next });
  }
  const file = join(outputDir, 'model.onnx');
  const parity = outputs?.outputs;
  const isFile = lstatSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
  if (!isFile || !Value.Check(ParitySchema, parity)) {
    return failed({ code: 'failed', message: 'The process of the conversion left no valid result.', next });
  }
  const { digest } = await scope.platform.blobs.putFile(file);
  return { state: 'converted', digest, ...(await describeBlob(scope, digest)), parity };
}
