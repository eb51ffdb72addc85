import { Readable } from 'node:stream';
import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { wireNumber } from '../experiments.model.ts';
import { catalogueOf } from './catalogue.service.ts';
import { changeRun, setRunStage } from './changes.service.ts';
import { csvOf } from './csv.ts';
import { parseField } from './fields.model.ts';
import { relatedTo } from './related.service.ts';
import * as contract from './runs-table.contract.ts';
import { everyRun, fieldValues, runGroups, runsWindow, type TableRow } from './runs-table.service.ts';

const tags = ['experiments'];
const RunId = Type.Object({ id: Type.String({ maxLength: 64 }) });
const { Named } = contract;

/** The runs of an experiment as one large table. */
export function runsTableRoutes(app: HoustonApp): void {
  app.post(
    '/api/experiments/:name/runs/window',
    {
      schema: {
        summary: 'Read a window of the table of runs: filtered, ordered, chosen columns',
        tags,
        params: Named,
        body: contract.WindowBody,
        response: { 200: contract.WindowReply },
      },
    },
    async ({ scope, params, body }) => {
      const started = performance.now();
      const { rows, ...rest } = await runsWindow(scope, params.name, body);
      return { ...rest, tookMs: performance.now() - started, rows: rows.map(wireRow) };
    },
  );

  app.get(
    '/api/experiments/:name/columns',
    {
      schema: {
        summary: 'List the metrics, params and tags that the runs carry',
        tags,
        params: Named,
        response: { 200: contract.CatalogueReply },
      },
    },
    async ({ scope, params }) => catalogueOf(scope, params.name),
  );

  app.get(
    '/api/experiments/:name/values',
    {
      schema: {
        summary: 'List the most frequent values of a param or tag among the newest runs',
        tags,
        params: Named,
        querystring: contract.ValuesQuery,
        response: { 200: contract.ValuesReply },
      },
    },
    async ({ scope, params, query }) => ({ items: await fieldValues(scope, params.name, query.field) }),
  );

  app.post(
    '/api/experiments/:name/runs/groups',
    {
      schema: {
        summary: 'Group runs: how many, and mean, least and greatest of metrics',
        tags,
        params: Named,
        body: contract.GroupsBody,
        response: { 200: contract.GroupsReply },
      },
    },
    async ({ scope, params, body }) => runGroups(scope, params.name, body),
  );

  app.get(
    '/api/experiments/:name/runs.csv',
    {
      schema: {
        summary: 'Download the table of runs as CSV',
        tags,
        params: Named,
        querystring: contract.CsvQuery,
        produces: ['text/csv'],
      },
    },
    async ({ scope, params, query }, reply) => {
      const { columns, ...input } = query;
      const names = columns ? columns.split(',') : [];
      const pages = await everyRun(scope, params.name, { ...input, fields: names.map(parseField) });
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', 'attachment; filename="runs.csv"')
        .send(Readable.from(csvOf(pages, names)));
    },
  );

  runChangeRoutes(app);
}

function runChangeRoutes(app: HoustonApp): void {
  app.post(
    '/api/experiments/runs/stage',
    {
      schema: {
        summary: 'Delete runs, or restore them; all or none',
        tags,
        body: contract.StageBody,
        response: { 200: contract.StageReply },
      },
    },
    async ({ scope, body }) => ({ changed: await setRunStage(scope, body.ids, body.stage) }),
  );

  app.patch(
    '/api/experiments/runs/:id',
    {
      schema: {
        summary: 'Change the name, description and tags of a run',
        tags,
        params: RunId,
        body: contract.RunChangeBody,
      },
    },
    async ({ scope, params, body }, reply) => {
      await changeRun(scope, params.id, body);
      return reply.status(204).send();
    },
  );

  app.get(
    '/api/experiments/runs/:id/related',
    {
      schema: {
        summary: 'Read parent, children, datasets and logged models of a run',
        tags,
        params: RunId,
        response: { 200: contract.RelatedReply },
      },
    },
    async ({ scope, params }) => relatedTo(scope, params.id),
  );
}

function wireRow(row: TableRow) {
  return {
    ...row,
    startedAt: isoTime(row.startedAt),
    endedAt: row.endedAt === null ? null : isoTime(row.endedAt),
    cells: row.cells.map((cell) => (typeof cell === 'number' ? wireNumber(cell) : cell)),
  };
}
