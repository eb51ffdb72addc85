import { HoustonReplyError } from '../client/client.ts';
import { HoustonError } from '../platform/errors.ts';

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);
export const blue = paint(34);

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

/** Prints a value as JSON, or lets `human` print it for people. */
export function show<T>(json: boolean | undefined, value: T, human: (value: T) => void): void {
  if (json) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  else human(value);
}

export function line(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** A plain table with aligned columns; numbers to the right. */
export function table(rows: readonly Record<string, unknown>[], columns: readonly string[]): void {
  if (rows.length === 0) {
    line(dim('nothing yet'));
    return;
  }
  const text = (value: unknown) => (value === null || value === undefined ? '–' : String(value));
  const widths = columns.map((column) =>
    Math.max(column.length, ...rows.map((row) => text(row[column]).length)),
  );
  line(columns.map((column, i) => dim(column.padEnd(widths[i]))).join('  '));
  for (const row of rows) {
    const cells = columns.map((column, i) => {
      const cell = text(row[column]);
      return typeof row[column] === 'number' ? cell.padStart(widths[i]) : cell.padEnd(widths[i]);
    });
    line(cells.join('  ').trimEnd());
  }
}

/** Prints an error as code, sentence and next step, and returns the exit code: 2 for a wrong call, else 1. */
export function reportError(error: unknown, json: boolean): number {
  const known = error instanceof HoustonReplyError || error instanceof HoustonError;
  const code = known ? error.code : 'cli.failed';
  const message = error instanceof Error ? error.message : String(error);
  const next = known ? error.next : '';
  const details = known ? error.details : undefined;
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ error: { code, message, next, ...(details && { details }) } })}\n`,
    );
  } else {
    process.stderr.write(`${red('✗')} ${message} ${dim(`(${code})`)}\n`);
    if (next) process.stderr.write(`  ${next}\n`);
  }
  return known && 'status' in error && error.status >= 400 && error.status < 500 ? 2 : 1;
}
