/**
 * The one error type. An error is a code, a sentence that a person understands, and the next step.
 * It never carries a stack trace or the caller's data in a reply.
 */
export class HoustonError extends Error {
  readonly code: string;
  readonly status: number;
  readonly next: string;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: string,
    message: string,
    options: { status?: number; next: string; details?: Record<string, unknown>; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.name = 'HoustonError';
    this.code = code;
    this.status = options.status ?? 400;
    this.next = options.next;
    this.details = options.details;
  }

  /** The body of an HTTP reply for this error. */
  toBody(): ErrorBody {
    const { code, message, next, details } = this;
    return { error: details === undefined ? { code, message, next } : { code, message, next, details } };
  }
}

export type ErrorBody = {
  error: { code: string; message: string; next: string; details?: Record<string, unknown> };
};

export type ErrorSpec = { status: number; next: string };

/**
 * Declares a domain's error table and returns a function that makes its errors:
 * `const dataError = defineErrors({ 'data.dataset.not_found': { status: 404, next: '…' } })`,
 * then `throw dataError('data.dataset.not_found', 'There is no dataset "x".')`.
 */
export function defineErrors<Code extends string>(table: Record<Code, ErrorSpec>) {
  for (const [code, spec] of Object.entries<ErrorSpec>(table)) errorTable.set(code, spec);
  return (code: Code, message: string, details?: Record<string, unknown>): HoustonError =>
    new HoustonError(code, message, { ...table[code], ...(details && { details }) });
}

/** Every error code that a loaded domain declares; the docs and tests read it. */
export const errorTable = new Map<string, ErrorSpec>();

export const platformError = defineErrors({
  'platform.input.invalid': { status: 400, next: 'Correct the named field and send the request again.' },
  'platform.name.invalid': {
    status: 400,
    next: 'Use 1 to 128 letters, digits, dots, dashes or underscores, starting with a letter or digit.',
  },
  'platform.route.not_found': { status: 404, next: 'See /docs for the routes of this server.' },
  'platform.method.not_allowed': { status: 405, next: 'See /docs for the methods of this route.' },
  'platform.body.too_large': { status: 413, next: 'Send a smaller body, or split it into several requests.' },
  'platform.media_type.unsupported': {
    status: 415,
    next: 'Send a content type that the route names in /docs.',
  },
  'platform.auth.required': { status: 401, next: 'Send a bearer token, or sign in on the page /login.' },
  'platform.auth.forbidden': {
    status: 403,
    next: 'Ask an administrator for a role that carries this permission.',
  },
  'platform.host.refused': {
    status: 403,
    next: 'Call the server by a name that it listens on, or add the name with --allowed-host.',
  },
  'platform.origin.refused': { status: 403, next: 'Call the API from its own origin, or from a program.' },
  'platform.blob.not_found': { status: 404, next: 'Check the digest; the bytes may have been collected.' },
  'platform.event.not_found': { status: 404, next: 'List the ledger to find the event.' },
  'platform.subject.not_found': {
    status: 404,
    next: 'Copy the subject from the page of the object, for example "deployment:NAME".',
  },
  'platform.reactor.not_found': {
    status: 404,
    next: 'List the dead letters to see which reactors have some.',
  },
  'platform.declaration.invalid': { status: 400, next: 'Correct the named entry of houston.yaml.' },
  'platform.database.away': {
    status: 503,
    next: 'Try again in some seconds; predictions of loaded models go on meanwhile.',
  },
  'platform.internal': {
    status: 500,
    next: 'Look into the server log for the request id; nothing was changed.',
  },
});
