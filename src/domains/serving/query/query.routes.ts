import { createReadStream, rmSync } from 'node:fs';
import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import type { ServingState } from '../serving.state.ts';
import * as contract from './query.contract.ts';
import { describeView, queryLog } from './query.service.ts';
import { createQueryRunner } from './query-runner.ts';

const tags = ['serving'];
const ByName = Type.Object({ name: Name });

/** SQL over the prediction log of a deployment. */
export function queryRoutes(app: HoustonApp, state: ServingState): void {
  const runner = createQueryRunner();
  app.post(
    '/api/serving/deployments/:name/query',
    {
      schema: {
        summary: 'Runs one SELECT over the view predictions of a deployment; ends when the caller leaves',
        tags,
        params: ByName,
        body: contract.QueryBody,
        response: { 200: Type.Union([contract.QueryReply, Type.Unknown()]) },
      },
    },
    async ({ scope, params, body }, reply) => {
      const leave = new AbortController();
      reply.raw.once('close', () => leave.abort(new Error('The caller has left.')));
      const answer = await queryLog(state, runner, scope, params.name, body, leave.signal);
      const name = (ending: string) => `attachment; filename="${params.name}-query.${ending}"`;
      if (answer.state === 'file') {
        const file = createReadStream(answer.path);
        // The open file can be read to its end without its name.
        file.once('open', () => rmSync(answer.path, { force: true }));
        return reply
          .type('application/vnd.apache.parquet')
          .header('content-disposition', name('parquet'))
          .send(file);
      }
      if (body.format !== 'csv') return answer.reply;
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', name('csv'))
        .header('x-truncated', String(answer.reply.truncated))
        .send(contract.toCsv(answer.reply));
    },
  );
  app.get(
    '/api/serving/deployments/:name/query/columns',
    {
      schema: {
        summary: 'Columns of the view predictions, with example statements',
        tags,
        params: ByName,
        response: { 200: contract.QueryColumnsReply },
      },
    },
    ({ scope, params }) => describeView(state, scope, params.name),
  );
}
