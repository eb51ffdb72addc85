import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { isDisconnected } from '../db/disconnected.ts';
import { HoustonError, platformError } from '../errors.ts';
import { errorText } from '../log.ts';
import type { Platform } from '../platform.ts';

const fastifyCodes: Record<string, Parameters<typeof platformError>[0]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'platform.body.too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'platform.media_type.unsupported',
};

/** Turns anything thrown into a HoustonError; a fault of ours becomes platform.internal without details. */
function toHoustonError(error: unknown): HoustonError {
  if (error instanceof HoustonError) return error;
  const { code, validation, validationContext, statusCode, message } = error as FastifyError;
  if (validation?.length) {
    const [{ instancePath, message: text }] = validation;
    const field = `${validationContext ?? 'body'}${instancePath.replaceAll('/', '.')}`;
    return platformError('platform.input.invalid', `${field} ${text ?? 'is not valid'}.`);
  }
  if (code && code in fastifyCodes) return platformError(fastifyCodes[code], sentence(message));
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return platformError('platform.input.invalid', sentence(message));
  }
  if (isDisconnected(error)) return platformError('platform.database.away', 'The database does not answer.');
  return platformError('platform.internal', 'Something went wrong inside the server.');
}

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** The error handler of the server: logs our faults, replies `{ error: { code, message, next } }`. */
export function replyWithError(
  platform: Platform,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = toHoustonError(error);
  if (known.status >= 500) {
    const { method, routeOptions } = request;
    platform.log.error('a request failed', {
      method,
      route: routeOptions.url,
      id: request.id,
      error: errorText(error),
    });
  }
  return reply.status(known.status).send(known.toBody());
}

/** 405 with Allow when the path exists under other methods, else 404. */
export function replyNotFound(
  patterns: ReadonlyMap<string, ReadonlySet<string>>,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const path = request.url.split('?', 1)[0];
  const methods = new Set<string>();
  for (const [pattern, allowed] of patterns) {
    if (matches(pattern, path)) for (const method of allowed) methods.add(method);
  }
  if (methods.size === 0) {
    const error = platformError('platform.route.not_found', 'There is no such route.');
    return reply.status(404).send(error.toBody());
  }
  const error = platformError('platform.method.not_allowed', `This route takes ${[...methods].join(', ')}.`);
  return reply
    .status(405)
    .header('allow', [...methods].join(', '))
    .send(error.toBody());
}

function matches(pattern: string, path: string): boolean {
  if (pattern.includes('*')) return false;
  const want = pattern.split('/');
  const have = path.split('/');
  return want.length === have.length && want.every((part, i) => part.startsWith(':') || part === have[i]);
}
