import { servingError } from '../../domains/serving/index.ts';
import { HoustonError } from '../../platform/errors.ts';
import { errorText, type Logger } from '../../platform/log.ts';
import { OipError } from './errors.ts';

/** The HTTP status and the sentence of anything thrown; a fault of ours says nothing of the inside. */
export function describeFailure(error: unknown): [status: number, text: string] {
  if (error instanceof OipError) return [error.status, error.message];
  if (error instanceof HoustonError) return [error.status, `${error.message} ${error.next}`];
  if (error instanceof SyntaxError) return [400, 'The body is not valid JSON.'];
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return [statusCode, message];
  return [500, servingError('serving.request.failed', 'Something went wrong inside the server.').message];
}

/** As describeFailure; a fault of ours goes to the log. */
export function reportFailure(error: unknown, log: Logger): [status: number, text: string] {
  const failure = describeFailure(error);
  if (failure[0] === 500 && !(error instanceof HoustonError)) {
    log.error('an inference request failed', { error: errorText(error) });
  }
  return failure;
}
