import { isoTime } from '../../../platform/clock.ts';
import type { TableRow } from './runs-table.service.ts';

const heads = ['run_id', 'name', 'status', 'start_time', 'end_time', 'user', 'parent'];

/** Runs as RFC 4180 CSV, page by page. Text that a spreadsheet would run as a formula gets an apostrophe before it. */
export async function* csvOf(
  pages: AsyncIterable<readonly TableRow[]>,
  columns: readonly string[],
): AsyncGenerator<string> {
  yield `${[...heads, ...columns].map(cell).join(',')}\r\n`;
  for await (const rows of pages) {
    yield rows
      .map((row) => {
        const { id, name, status, startedAt, endedAt, user, parent, cells } = row;
        const times = [startedAt, endedAt].map(isoTime);
        return `${[id, name, status, ...times, user, parent, ...cells].map(cell).join(',')}\r\n`;
      })
      .join('');
  }
}

function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
