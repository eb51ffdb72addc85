import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { experimentsError } from '../experiments.contract.ts';
import { curvesOf } from './charts.service.ts';

const CurvesBody = Type.Object(
  {
    runs: Type.Array(Type.String({ pattern: '^[0-9a-f]{32}$' }), { minItems: 1, maxItems: 100 }),
    key: Type.String({ minLength: 1, maxLength: 250, pattern: '^[^\\u0000]*$' }),
    from: Type.Optional(Type.Integer({ description: 'First step' })),
    to: Type.Optional(Type.Integer({ description: 'Last step' })),
  },
  { additionalProperties: false },
);
const CurvesReply = Type.Object({
  tookMs: Type.Number(),
  curves: Type.Array(
    Type.Object({
      run: Type.String(),
      count: Type.Integer({ description: 'Points in the range' }),
      isSampled: Type.Boolean(),
      startedAt: Type.Integer({ description: 'Time of the first point shown, in ms since 1970 UTC' }),
      steps: Type.Array(Type.Integer()),
      times: Type.Array(Type.Integer(), { description: 'ms since startedAt' }),
      values: Type.Array(Type.Union([Type.Number(), Type.Null()])),
    }),
  ),
});

/** The curves of metrics over steps and time. */
export function chartsRoutes(app: HoustonApp): void {
  app.post(
    '/api/experiments/metrics/curves',
    {
      schema: {
        summary: 'Read a metric of up to 100 runs, thinned so that extremes stay',
        tags: ['experiments'],
        body: CurvesBody,
        response: { 200: CurvesReply },
      },
    },
    async ({ scope, body }) => {
      const { runs, key, from, to } = body;
      if ((from === undefined) !== (to === undefined)) {
        throw experimentsError('experiments.search.invalid', 'Give "from" and "to" together.');
      }
      const started = performance.now();
      const within = from === undefined || to === undefined ? undefined : { from, to };
      const curves = await curvesOf(scope, runs, key, within);
      return { tookMs: performance.now() - started, curves };
    },
  );
}
