import { HoustonError } from '../../../../platform/errors.ts';
import { servingError } from '../../serving.errors.ts';

/** The failure of a node as the caller is told it: which node, and what a single model would have said. */
export function nodeFailure(node: string, error: unknown, reason?: string): HoustonError {
  if (error instanceof HoustonError) {
    const { code, status, next, message } = error;
    return new HoustonError(code, `Node "${node}": ${message}`, { status, next, cause: error });
  }
  const why = reason ?? 'its model failed on this request';
  return servingError('serving.request.failed', `Node "${node}" of the graph gave no answer: ${why}.`);
}

/** An output whose values cannot be what it declares. */
export function outputFailure(output: string, error: unknown): HoustonError {
  const why = error instanceof Error ? error.message : 'it cannot be made.';
  return servingError('serving.request.failed', `The output "${output}" of the graph failed: ${why}`);
}

/** A model took longer than its node allows. */
export class TimeOut extends Error {}

/** A run that takes too long is given up; it ends on its own. */
export function inTime<T>(run: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new TimeOut('The model took longer than its time limit.')), ms);
    run.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
