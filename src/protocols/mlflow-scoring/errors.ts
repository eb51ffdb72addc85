import { HoustonError } from '../../platform/errors.ts';
import { OipError } from '../open-inference/errors.ts';

/** An error of the scoring protocol; `TEXT` is one that it answers in plain text. */
export class ScoringError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.name = 'ScoringError';
    this.code = code;
    this.status = status;
  }
}

/** A payload that is not understood. */
export const badRequest = (message: string) => new ScoringError('BAD_REQUEST', message, 400);
/** Data that the model's schema refuses. */
export const invalid = (message: string) => new ScoringError('INVALID_PARAMETER_VALUE', message, 400);
/** A content type that is not taken. */
export const unsupported = (message: string) => new ScoringError('TEXT', message, 415);

const codes: Record<number, string> = {
  400: 'INVALID_PARAMETER_VALUE',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  409: 'RESOURCE_CONFLICT',
  413: 'BAD_REQUEST',
  429: 'REQUEST_LIMIT_EXCEEDED',
  501: 'NOT_IMPLEMENTED',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Any thrown value as an error of the protocol; it carries no trace and none of the caller's data. */
export function toScoringError(error: unknown): ScoringError {
  if (error instanceof ScoringError) return error;
  if (error instanceof HoustonError || error instanceof OipError) {
    const { status, message } = error;
    const text = error instanceof HoustonError ? `${message} ${error.next}` : message;
    return new ScoringError(codes[status] ?? (status < 500 ? 'BAD_REQUEST' : 'INTERNAL_ERROR'), text, status);
  }
  const { statusCode, message } = error as { statusCode?: number; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new ScoringError(codes[statusCode] ?? 'BAD_REQUEST', message, statusCode);
  return new ScoringError('INTERNAL_ERROR', 'Something went wrong inside the server.', 500);
}
