import type { HoustonApp } from '../../../platform/http/app.ts';
import { experimentsError } from '../experiments.contract.ts';
import { CurvesBody, CurvesReply } from './charts.contract.ts';
import { curvesOf } from './charts.service.ts';

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
