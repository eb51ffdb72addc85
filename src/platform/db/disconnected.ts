/** Of Node's sockets; of PostgreSQL: it stops, starts, or has closed the connection. */
const codes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  '57P01',
  '57P02',
  '57P03',
]);
const texts =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|connection is closed|not queryable/i;

/** Whether an error says that the database is away, and nothing about what was asked of it. */
export function isDisconnected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errors } = error as { code?: unknown; errors?: unknown };
  if (typeof code === 'string' && (codes.has(code) || code.startsWith('08'))) return true;
  if (Array.isArray(errors)) return errors.some(isDisconnected);
  return texts.test(error.message);
}
