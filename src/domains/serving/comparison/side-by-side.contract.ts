import Type, { type Static } from 'typebox';
import { Nullable } from '../../../platform/schemas.ts';

const Version = Type.Integer({ minimum: 1 });

export const SideBySideBody = Type.Object(
  {
    a: Version,
    b: Version,
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
    rows: Type.Optional(
      Type.Integer({ minimum: 10, maximum: 50_000, description: 'Recorded rows to run; default 5000' }),
    ),
    threshold: Type.Optional(Type.Number({ description: 'Score from which the answer is yes; default 0.5' })),
  },
  { additionalProperties: false },
);

const Row = Type.Object({
  id: Type.String(),
  a: Type.Number(),
  b: Type.Number(),
  label: Nullable(Type.Number()),
});

export const SideBySideReply = Type.Object({
  a: Version,
  b: Version,
  rows: Type.Integer({ description: 'Rows that both have scored' }),
  of: Type.Integer({ description: 'Recorded rows in the range' }),
  skipped: Type.Integer({ description: 'Rows that one of them could not score' }),
  threshold: Type.Number(),
  agreement: Type.Number({ description: 'Share of rows on which both say the same at the threshold' }),
  onlyA: Type.Integer({ description: 'Rows to which only A says yes' }),
  onlyB: Type.Integer(),
  correlation: Nullable(Type.Number()),
  meanDifference: Type.Number({ description: 'Mean of B minus A' }),
  meanAbsolute: Type.Number(),
  edges: Type.Array(Type.Number(), { description: 'Bins of B minus A' }),
  counts: Type.Array(Type.Integer()),
  points: Type.Array(Row, { description: 'At most 2000 of the rows' }),
  largest: Type.Array(Row, { description: 'The fifty rows that differ most' }),
  slices: Type.Array(
    Type.Object({
      column: Type.String(),
      value: Type.String(),
      rows: Type.Integer(),
      meanDifference: Type.Number(),
      standardError: Type.Number(),
      agreement: Type.Number(),
    }),
  ),
});
export type SideBySide = Static<typeof SideBySideReply>;
