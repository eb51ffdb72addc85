import { invalid } from './errors.ts';

/** Rows of a CSV text (RFC 4180: quoted cells, doubled quotes, any line end); blank lines are left out. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    const end = quoted ? endOfQuotes(text, at) : endOfCell(text, at);
    row.push(quoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end));
    const next = text[end];
    if (quoted && next !== undefined && next !== ',' && next !== '\n' && next !== '\r')
      throw invalid('The CSV has text behind a closing quote.');
    at = end + 1;
    if (next === ',') {
      if (at === text.length) row.push('');
      else continue;
    }
    if (next === '\r' && text[at] === '\n') at++;
    if (quoted || row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

function endOfCell(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === ',' || char === '\n' || char === '\r') return at;
  }
  return text.length;
}

/** Behind the closing quote. */
function endOfQuotes(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at + 1;
  }
  throw invalid('The CSV has a quote that does not close.');
}
