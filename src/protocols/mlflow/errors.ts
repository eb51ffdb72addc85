import { HoustonError } from '../../platform/errors.ts';

/** Error names of the protocol and their HTTP status. */
const statuses = {
  INVALID_PARAMETER_VALUE: 400,
  BAD_REQUEST: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  RESOURCE_CONFLICT: 409,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
} as const;

export type MlflowErrorCode = keyof typeof statuses;

/** An error as clients of the protocol read it: `{"error_code": …, "message": …}`. */
export class MlflowError extends Error {
  readonly code: MlflowErrorCode;
  readonly status: number;

  constructor(code: MlflowErrorCode, message: string) {
    super(message);
    this.name = 'MlflowError';
    this.code = code;
    this.status = statuses[code];
  }
}

export const missing = (field: string) =>
  new MlflowError('INVALID_PARAMETER_VALUE', `Missing value for required parameter '${field}'.`);
/** Names the value as MLflow does where it is given; a long one only by its beginning. */
export function invalid(field: string, why: string, value?: unknown): MlflowError {
  const named = value === undefined ? '' : ` ${JSON.stringify(value).slice(0, 100)}`;
  return new MlflowError(
    'INVALID_PARAMETER_VALUE',
    `Invalid value${named} for parameter '${field}' supplied: ${why}`,
  );
}

/** Errors of the domains whose status alone does not tell what a client expects. */
const named: Readonly<Record<string, MlflowErrorCode>> = {
  'experiments.experiment.exists': 'RESOURCE_ALREADY_EXISTS',
  'experiments.experiment.deleted': 'INVALID_PARAMETER_VALUE',
  'experiments.run.deleted': 'INVALID_PARAMETER_VALUE',
  'experiments.run.active': 'INVALID_PARAMETER_VALUE',
  'experiments.param.immutable': 'INVALID_PARAMETER_VALUE',
  'experiments.label_schema.exists': 'RESOURCE_ALREADY_EXISTS',
  'experiments.review_queue.exists': 'RESOURCE_ALREADY_EXISTS',
  'registry.model.exists': 'RESOURCE_ALREADY_EXISTS',
  'registry.alias.not_found': 'INVALID_PARAMETER_VALUE',
};

const byStatus: Readonly<Record<number, MlflowErrorCode>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'RESOURCE_DOES_NOT_EXIST',
  409: 'RESOURCE_CONFLICT',
};

/** Any thrown value as an error of the protocol; what a caller did wrong is never a 5xx, which clients would retry. */
export function toMlflowError(error: unknown): MlflowError {
  if (error instanceof MlflowError) return error;
  if (error instanceof HoustonError) {
    const { code, status, message, next } = error;
    if (status >= 500) return new MlflowError('INTERNAL_ERROR', message);
    return new MlflowError(
      named[code] ?? byStatus[status] ?? 'INVALID_PARAMETER_VALUE',
      `${message} ${next}`,
    );
  }
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new MlflowError('BAD_REQUEST', message ?? 'The request is not valid.');
  }
  return new MlflowError('INTERNAL_ERROR', 'Something went wrong inside the server.');
}
