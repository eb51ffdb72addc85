import { fileURLToPath } from 'node:url';
import { dataFolder } from '../../../platform/config.ts';
import { type Engine, type EngineStatus, exitRetry } from '../../../platform/engines/engine.ts';
import type { JobContext } from '../../../platform/jobs/jobs.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import { showProgress } from './progress.ts';
import { timedOut, timeoutSignal } from './server-step.ts';
import { type Attempt, externalIdOf, failed, type Outcome } from './step-context.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const stepMain = fileURLToPath(new URL(`../../../platform/engines/step-main.${extension}`, import.meta.url));

/** What a step's process sees of the server's environment. */
const allowed =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|.*_proxy|.*_PROXY)$/;

/**
 * Runs a heavy step in a process of its own, or takes up the one that an earlier server started. At shutdown the
 * process goes on alone; at time-out and at cancel its whole group is ended.
 */
export async function runInProcess(
  scope: Scope,
  attempt: Attempt,
  job: JobContext,
  engine: Engine,
  { input, adopt }: { input: JsonObject; adopt: boolean },
): Promise<Outcome> {
  const id = externalIdOf(attempt.step);
  if (adopt)
    scope.log.info('pipelines: took up the process of a step', { step: attempt.context.stepSubject });
  else
    await engine.submit({
      externalId: id,
      ...programOf(scope, attempt),
      manifest: manifestOf(attempt, input),
    });
  const timeout = timeoutSignal(attempt.deadline);
  try {
    const progress = showProgress(scope, attempt.step);
    const status = await engine.wait(id, {
      signal: AbortSignal.any([job.signal, timeout]),
      progress: (state) => progress(state.fraction, state.note ?? undefined),
    });
    return await judge(engine, id, status, input);
  } catch (error) {
    if (job.signal.aborted) {
      if (job.signal.reason === 'cancelled') await engine.stop(id);
      throw error;
    }
    if (!timeout.aborted) throw error;
    await engine.stop(id);
    return { state: 'failed', error: timedOut(attempt) };
  }
}

function programOf(
  scope: Scope,
  { kind, filled }: Attempt,
): { command: string[]; env: Record<string, string> } {
  const inherited = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && allowed.test(name),
  );
  const env = { ...(Object.fromEntries(inherited) as Record<string, string>), ...filled.env };
  return kind
    ? { command: [process.execPath, stepMain], env: { NODE_COMPILE_CACHE: codeCache(scope), ...env } }
    : { command: ['/bin/sh', '-e', '-c', filled.command ?? ''], env };
}

/** Where Node keeps what it compiled, so that a step's process starts about twice as fast. */
function codeCache({ platform }: Scope): string {
  return dataFolder(platform.config, 'cache', 'code');
}

/** What the program reads: see the README for the contract. */
function manifestOf({ context, step }: Attempt, input: JsonObject): JsonObject {
  const { runId, pipeline, revision, params, matrix, attempt } = context;
  return { step: step.uses, key: step.key, run: runId, pipeline, revision, attempt, params, matrix, input };
}

async function judge(engine: Engine, id: string, status: EngineStatus, input: JsonObject): Promise<Outcome> {
  if (status.state !== 'exited') {
    const message = 'The process of the step ended without a word.';
    return { state: 'failed', error: failed('pipelines.step.lost', message, 'asked') };
  }
  let outputs: JsonObject | null;
  try {
    outputs = (await engine.collect(id)).outputs;
  } catch {
    return {
      state: 'failed',
      error: failed('pipelines.step.output_invalid', 'The outputs file is not JSON.'),
    };
  }
  if (status.exitCode === 0) {
    const fault = outputs === null ? null : outputFault(outputs);
    if (fault) return { state: 'failed', error: failed('pipelines.step.output_invalid', fault) };
    const result = { outputs: {}, ...outputs } as { outputs: JsonObject; files?: Record<string, string> };
    return { state: 'done', result, input };
  }
  const retry = status.exitCode === exitRetry ? 'asked' : 'as-declared';
  const error = outputs?.error;
  if (isObject(error) && typeof error.message === 'string') {
    const message = error.message.slice(0, 2000);
    const plain = failed('pipelines.step.failed', message, retry);
    const told = typeof error.code === 'string' && typeof error.next === 'string';
    return {
      state: 'failed',
      error: told ? { code: error.code as string, message, next: error.next as string, retry } : plain,
    };
  }
  const how = status.signal ? `was ended by ${status.signal}` : `ended with exit code ${status.exitCode}`;
  return { state: 'failed', error: failed('pipelines.step.failed', `The program ${how}.`, retry) };
}

/** What is wrong with the content of an outputs file; null when nothing is. */
function outputFault(value: Json): string | null {
  if (!isObject(value)) return 'The outputs file holds no object.';
  const unknown = Object.keys(value).find(
    (key) => !['outputs', 'files', 'uses', 'stopped', 'awaiting'].includes(key),
  );
  if (unknown)
    return `The outputs file has "${unknown}"; known are outputs, files, uses, stopped and awaiting.`;
  const { outputs = {}, files = {}, uses = [] } = value;
  if (!isObject(outputs)) return '"outputs" is not an object.';
  if (!isObject(files) || !Object.values(files).every((path) => typeof path === 'string')) {
    return '"files" does not map names to paths.';
  }
  return Array.isArray(uses) && uses.every((item) => typeof item === 'string')
    ? null
    : '"uses" is not a list of subjects.';
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
