import Type, { type Static } from 'typebox';
import { JsonValue } from '../../../platform/schemas.ts';

export const mostQueryRows = 100_000;
export const longestQueryMs = 60_000;

export const QueryBody = Type.Object(
  {
    sql: Type.String({
      minLength: 1,
      maxLength: 20_000,
      description: 'One SELECT over the view predictions',
    }),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: mostQueryRows, description: 'Rows at most; default 1000' }),
    ),
    timeLimitMs: Type.Optional(
      Type.Integer({ minimum: 100, maximum: longestQueryMs, description: 'Default 10,000' }),
    ),
    format: Type.Optional(
      Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('parquet')], {
        description: 'csv and parquet come as a file; default json',
      }),
    ),
  },
  { additionalProperties: false },
);
export type QueryInput = Static<typeof QueryBody>;

export const QueryReply = Type.Object({
  columns: Type.Array(Type.Object({ name: Type.String(), type: Type.String() })),
  rows: Type.Array(Type.Array(JsonValue())),
  truncated: Type.Boolean({ description: 'There are more rows than the limit or 32 MB let through' }),
  elapsedMs: Type.Number(),
});
export type QueryReplyBody = Static<typeof QueryReply>;

export const QueryColumnsReply = Type.Object({
  view: Type.String(),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      kind: Type.Union([Type.Literal('prediction'), Type.Literal('input'), Type.Literal('feature')]),
      note: Type.String(),
    }),
  ),
  examples: Type.Array(Type.Object({ title: Type.String(), sql: Type.String() })),
});
export type QueryColumnsBody = Static<typeof QueryColumnsReply>;

/** Rows as CSV (RFC 4180). */
export function toCsv({ columns, rows }: Pick<QueryReplyBody, 'columns' | 'rows'>): string {
  const cell = (value: unknown) => {
    if (value === null || value === undefined) return '';
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ name }) => cell(name)), ...rows.map((row) => row.map(cell))];
  return `${lines.map((line) => line.join(',')).join('\r\n')}\r\n`;
}
