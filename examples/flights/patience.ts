import { setTimeout as wait } from 'node:timers/promises';
import { HoustonReplyError } from '../../src/client/client.ts';

/** Polls until `done` says true; raises after `timeoutMs`. */
export async function waitFor(
  what: string,
  done: () => Promise<boolean>,
  timeoutMs = 900_000,
): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await done())) {
    if (Date.now() > until) throw new Error(`Waited ${timeoutMs / 1000} s for ${what}.`);
    await wait(200);
  }
}

type Failure = { type: string; column?: string | null; success: boolean; severity?: string };

/** What a refused batch failed on, in a line; raises when it was taken after all. */
export async function refusalOf(send: () => Promise<unknown>): Promise<string> {
  try {
    await send();
  } catch (error) {
    if (!(error instanceof HoustonReplyError) || error.code !== 'data.batch.refused') throw error;
    const report = (error.details?.report ?? {}) as { results?: Failure[] };
    const failures = (report.results ?? []).filter((result) => !result.success);
    const names = failures.map(
      ({ type, column }) => `${type.replace(/^expect_(column_)?/, '')}${column ? ` (${column})` : ''}`,
    );
    return names.length > 0 ? names.join(', ') : error.message;
  }
  throw new Error('The spoiled batch was taken.');
}
