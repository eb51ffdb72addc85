import Type from 'typebox';
import { Maybe } from '../../../platform/schemas.ts';

export const CurvesBody = Type.Object(
  {
    runs: Type.Array(Type.String({ pattern: '^[0-9a-f]{32}$' }), { minItems: 1, maxItems: 100 }),
    key: Type.String({ minLength: 1, maxLength: 250, pattern: '^[^\\u0000]*$' }),
    from: Type.Optional(Type.Integer({ description: 'First step' })),
    to: Type.Optional(Type.Integer({ description: 'Last step' })),
  },
  { additionalProperties: false },
);

/** Metrics of runs, thinned so that extremes stay. */
export const CurvesReply = Type.Object({
  tookMs: Type.Number(),
  curves: Type.Array(
    Type.Object({
      run: Type.String(),
      count: Type.Integer({ description: 'Points in the range' }),
      isSampled: Type.Boolean(),
      startedAt: Type.Integer({ description: 'Time of the first point shown, in ms since 1970 UTC' }),
      steps: Type.Array(Type.Integer()),
      times: Type.Array(Type.Integer(), { description: 'ms since startedAt' }),
      values: Type.Array(Maybe),
    }),
  ),
});
