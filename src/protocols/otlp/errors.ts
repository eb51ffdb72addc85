import { HoustonError } from '../../platform/errors.ts';

/** An export that is refused; exporters try 429, 502, 503 and 504 again and nothing else. */
export class OtlpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'OtlpError';
    this.status = status;
  }
}

/** Any thrown value as an error of the protocol; our own faults say nothing of the inside. */
export function toOtlpError(error: unknown): OtlpError {
  if (error instanceof OtlpError) return error;
  if (error instanceof HoustonError && error.status < 500) {
    return new OtlpError(error.status, `${error.message} ${error.next}`);
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new OtlpError(statusCode, message ?? 'The request is not valid.');
  }
  return new OtlpError(500, 'Something went wrong inside the server.');
}

const codes: Readonly<Record<number, number>> = { 401: 16, 403: 7, 404: 5, 409: 9, 413: 8, 500: 13 };

/** The code of gRPC that goes with a status of HTTP: 3 is INVALID_ARGUMENT. */
export const grpcCode = (status: number): number => codes[status] ?? 3;
