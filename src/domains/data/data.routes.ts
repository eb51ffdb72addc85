import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import type { Json } from '../../platform/json.ts';
import type { Scope } from '../../platform/scope.ts';
import {
  DatasetInput,
  DatasetParams,
  DatasetReply,
  DiffReply,
  ExpectationReply,
  Limit,
  Open,
  ProfileReply,
  RowsReply,
  VersionDetail,
  VersionParams,
  VersionReply,
} from './data.contract.ts';
import type { Dataset, DatasetVersion } from './data.model.ts';
import * as service from './data.service.ts';
import { versionRef } from './data.steps.ts';
import { latestVersions } from './data.store.ts';
import { expectationTypes, kwargsOf } from './expectations/kinds.ts';
import { writeSuite } from './expectations/suite.model.ts';
import * as explore from './explore.service.ts';
import { uploadRoute } from './uploads.routes.ts';
import { validationRoutes } from './validations.routes.ts';

const tags = ['data'];

const showVersion = (version: DatasetVersion) => ({
  ...version,
  timeFrom: isoTime(version.timeFrom),
  timeTo: isoTime(version.timeTo),
  createdAt: isoTime(version.createdAt),
});

const showDataset = (dataset: Dataset, latest: DatasetVersion | null) => ({
  ...dataset,
  latest: latest && showVersion(latest),
  createdAt: isoTime(dataset.createdAt),
  updatedAt: isoTime(dataset.updatedAt),
});

const datasetDetail = async (scope: Scope, name: string) =>
  showDataset(await service.getDataset(scope, name), await service.latestVersion(scope, name));

/** HTTP door of the data domain. */
export function dataRoutes(app: HoustonApp, options: { maxUploadBytes: number }): void {
  datasetRoutes(app);
  versionRoutes(app);
  exploreRoutes(app);
  validationRoutes(app);
  uploadRoute(app, options.maxUploadBytes);
}

function datasetRoutes(app: HoustonApp): void {
  app.get(
    '/api/data/datasets',
    {
      schema: {
        summary: 'List datasets',
        tags,
        response: { 200: Type.Object({ items: Type.Array(DatasetReply) }) },
      },
    },
    async ({ scope }) => {
      const newest = new Map((await latestVersions(scope.db)).map((version) => [version.dataset, version]));
      const datasets = await service.listDatasets(scope);
      return { items: datasets.map((dataset) => showDataset(dataset, newest.get(dataset.name) ?? null)) };
    },
  );

  app.get(
    '/api/data/datasets/:name',
    { schema: { summary: 'Get a dataset', tags, params: DatasetParams, response: { 200: DatasetReply } } },
    ({ scope, params }) => datasetDetail(scope, params.name),
  );

  app.put(
    '/api/data/datasets/:name',
    {
      schema: {
        summary: 'Create or change a dataset and its expectations',
        tags,
        params: DatasetParams,
        body: DatasetInput,
        response: { 200: DatasetReply, 201: DatasetReply },
      },
    },
    async ({ scope, params, body }, reply) => {
      const { expectations, ...rest } = body;
      const { created } = await service.putDataset(scope, params.name, {
        ...rest,
        ...(expectations && { expectations: expectations as unknown as Json }),
      });
      return reply.status(created ? 201 : 200).send(await datasetDetail(scope, params.name));
    },
  );

  app.get(
    '/api/data/datasets/:name/expectations',
    {
      schema: {
        summary: 'Export the expectations as a Great Expectations 1.x suite',
        tags,
        params: DatasetParams,
        response: { 200: Open },
      },
    },
    async ({ scope, params }) => {
      const { expectations } = await service.getDataset(scope, params.name);
      return writeSuite({ name: params.name, expectations, parameters: {}, meta: {} });
    },
  );

  app.put(
    '/api/data/datasets/:name/expectations',
    {
      schema: {
        summary: 'Import a Great Expectations suite, 0.x or 1.x',
        tags,
        params: DatasetParams,
        body: Open,
        response: { 200: DatasetReply },
      },
    },
    async ({ scope, params, body }) => {
      await service.getDataset(scope, params.name);
      await service.putDataset(scope, params.name, { expectations: body as Json });
      return datasetDetail(scope, params.name);
    },
  );

  app.get(
    '/api/data/expectation-types',
    {
      schema: {
        summary: 'List the expectation types and what they take',
        tags,
        response: {
          200: Type.Object({
            items: Type.Array(
              Type.Object({ type: Type.String(), kwargs: Type.Record(Type.String(), Type.String()) }),
            ),
          }),
        },
      },
    },
    async () => ({ items: expectationTypes.map((type) => ({ type, kwargs: kwargsOf(type) ?? {} })) }),
  );
}

function versionRoutes(app: HoustonApp): void {
  app.get(
    '/api/data/datasets/:name/versions',
    {
      schema: {
        summary: 'List versions, newest first',
        tags,
        params: DatasetParams,
        querystring: Type.Object({
          before: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })),
          limit: Limit,
        }),
        response: {
          200: Type.Object({ items: Type.Array(VersionReply), next: Type.Optional(Type.Integer()) }),
        },
      },
    },
    async ({ scope, params, query }) => {
      const limit = query.limit ?? 100;
      const items = await service.listVersions(scope, params.name, { ...query, limit });
      const last = items.at(-1)?.version ?? 1;
      return { items: items.map(showVersion), ...(items.length === limit && last > 1 && { next: last }) };
    },
  );

  app.get(
    '/api/data/datasets/:name/versions/:version',
    {
      schema: {
        summary: 'Get a version and its manifest',
        tags,
        params: VersionParams,
        response: { 200: VersionDetail },
      },
    },
    async ({ scope, params }) => {
      const version = await service.getVersion(scope, params.name, versionRef(params.version));
      const manifest = await service.getManifest(scope, params.name, version.version);
      return { ...showVersion(version), manifest };
    },
  );

  app.get(
    '/api/data/datasets/:name/versions/:version/rows',
    {
      schema: {
        summary: 'Read a page of rows',
        tags,
        params: VersionParams,
        querystring: Type.Object({
          limit: Limit,
          offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 40 })),
        }),
        response: { 200: RowsReply },
      },
    },
    ({ scope, params, query }) =>
      explore.listRows(scope, params.name, versionRef(params.version), {
        limit: query.limit ?? 50,
        offset: query.offset ?? 0,
      }),
  );

  app.get(
    '/api/data/datasets/:name/versions/:version/download',
    {
      schema: {
        summary: 'Download a version as Parquet or CSV',
        tags,
        params: VersionParams,
        querystring: Type.Object({ format: Type.Optional(Type.Enum(['parquet', 'csv'])) }),
        produces: ['application/vnd.apache.parquet', 'text/csv'],
      },
    },
    async ({ scope, params, query }, reply) => {
      const format = query.format ?? 'parquet';
      const file = await explore.openDownload(scope, params.name, versionRef(params.version), format);
      return reply
        .header(
          'content-type',
          format === 'csv' ? 'text/csv; charset=utf-8' : 'application/vnd.apache.parquet',
        )
        .header('content-disposition', `attachment; filename="${file.fileName}"`)
        .send(file.stream);
    },
  );
}

function exploreRoutes(app: HoustonApp): void {
  app.get(
    '/api/data/datasets/:name/versions/:version/profile',
    {
      schema: {
        summary: 'Get the profile of a version; 202 while a large one is being made',
        tags,
        params: VersionParams,
        response: { 200: ProfileReply, 202: ProfileReply },
      },
    },
    async ({ scope, params }, reply) => {
      const profile = await explore.getProfile(scope, params.name, versionRef(params.version));
      return reply.status(profile.state === 'pending' ? 202 : 200).send(profile);
    },
  );

  app.get(
    '/api/data/datasets/:name/versions/:version/suggestions',
    {
      schema: {
        summary: 'Propose expectations from the profile of a version',
        tags,
        params: VersionParams,
        response: { 200: Type.Object({ expectations: Type.Array(ExpectationReply) }) },
      },
    },
    async ({ scope, params }) => ({
      expectations: await explore.suggest(scope, params.name, versionRef(params.version)),
    }),
  );

  app.get(
    '/api/data/datasets/:name/diff',
    {
      schema: {
        summary: 'Compare two versions: schema, rows, distributions',
        tags,
        params: DatasetParams,
        querystring: Type.Object({
          from: VersionParams.properties.version,
          to: VersionParams.properties.version,
        }),
        response: { 200: DiffReply },
      },
    },
    ({ scope, params, query }) =>
      explore.getDiff(scope, params.name, versionRef(query.from), versionRef(query.to)),
  );
}
