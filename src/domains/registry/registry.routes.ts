import { Readable } from 'node:stream';
import Type from 'typebox';
import { platformError } from '../../platform/errors.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { Items } from '../../platform/schemas.ts';
import { authorise, transact } from '../../platform/scope.ts';
import { catalogRoutes } from './catalog/catalog.routes.ts';
import { newestConversions } from './conversion/conversions.store.ts';
import { latestVerdicts, modelVerdicts } from './gate/gate.service.ts';
import {
  ListedModelReply,
  ModelReply,
  ModelSpec,
  Name,
  RiskMatrixReply,
  registryError,
  VersionReply,
} from './registry.contract.ts';
import * as service from './registry.service.ts';
import { wireListedModel, wireModel, wireVersion } from './registry.wire.ts';
import { IMPACT_WORDS, PROBABILITY_WORDS, riskMatrix } from './risk.model.ts';
import { checkAlias } from './versions/references.model.ts';
import { versionRoutes } from './versions/versions.routes.ts';

const tags = ['registry'];
const ModelParams = Type.Object({ name: Name });
const AliasParams = Type.Object({ name: Name, alias: Type.String({ maxLength: 64 }) });

/** Largest ONNX file; protobuf itself ends at 2 GiB. */
const MOST_BYTES = 2 * 1024 ** 3;

/** HTTP door of the registry. */
export function registryRoutes(app: HoustonApp): void {
  app.get(
    '/api/registry/models',
    {
      schema: {
        summary: 'List models, each with the verdict on its newest version',
        tags,
        response: { 200: Items(ListedModelReply) },
      },
    },
    async ({ scope }) => {
      const [models, verdicts] = await Promise.all([service.listModels(scope), modelVerdicts(scope)]);
      return { items: models.map((model) => wireListedModel(model, verdicts.get(model.name))) };
    },
  );
  app.get(
    '/api/registry/models/:name',
    { schema: { summary: 'Read a model', tags, params: ModelParams, response: { 200: ModelReply } } },
    async ({ scope, params }) => wireModel(await service.getModel(scope, params.name)),
  );
  app.put(
    '/api/registry/models/:name',
    {
      schema: {
        summary: 'Create a model or change its description, owner, risk or gate',
        tags,
        params: ModelParams,
        body: ModelSpec,
        response: { 200: ModelReply },
      },
    },
    async ({ scope, params, body }) => wireModel(await service.putModel(scope, params.name, body)),
  );
  app.get(
    '/api/registry/risk-matrix',
    {
      schema: {
        summary: 'The 5 × 5 risk matrix',
        tags,
        response: { 200: RiskMatrixReply },
      },
    },
    async () => ({ probability: [...PROBABILITY_WORDS], impact: [...IMPACT_WORDS], rows: riskMatrix() }),
  );
  uploadRoute(app);
  aliasRoutes(app);
  versionRoutes(app);
  catalogRoutes(app);
}

function uploadRoute(app: HoustonApp): void {
  app.get(
    '/api/registry/models/:name/versions',
    {
      schema: {
        summary: 'List versions, newest first',
        tags,
        params: ModelParams,
        response: { 200: Items(VersionReply) },
      },
    },
    async ({ scope, params }) => {
      const versions = await service.listVersions(scope, params.name);
      const verdicts = await latestVerdicts(scope, params.name);
      const conversions = await newestConversions(scope.db, params.name);
      return {
        items: versions.map((one) =>
          wireVersion(one, verdicts.get(one.version), conversions.get(one.version)),
        ),
      };
    },
  );
  app.post(
    '/api/registry/models/:name/versions',
    {
      bodyLimit: MOST_BYTES,
      schema: {
        summary: 'Register an ONNX file as the next version',
        description: 'The body is the file, as application/octet-stream. The model is made when it is new.',
        tags,
        consumes: ['application/octet-stream'],
        params: ModelParams,
        querystring: Type.Object(
          {
            alias: Type.Optional(Type.String({ maxLength: 64 })),
            source: Type.Optional(Type.String({ maxLength: 1000 })),
          },
          { additionalProperties: false },
        ),
        response: { 201: VersionReply },
      },
    },
    async ({ scope, params, query, body }, reply) => {
      authorise(scope, 'registry.write');
      if (!(body instanceof Readable)) {
        throw platformError('platform.media_type.unsupported', 'Send the file as application/octet-stream.');
      }
      if (query.alias !== undefined) checkAlias(query.alias);
      const { digest, size } = await scope.platform.blobs.put(body, { maxBytes: MOST_BYTES, ours: true });
      if (size === 0) throw registryError('registry.upload.empty', 'The body is empty.');
      const described = await service.describeBlob(scope, digest);
      const version = await transact(scope, async (tx) => {
        const registered = await service.registerUpload(tx, {
          model: params.name,
          digest,
          ...described,
          source: query.source ?? 'upload',
        });
        if (query.alias !== undefined)
          await service.putAlias(tx, params.name, query.alias, registered.version);
        return service.getVersion(tx, params.name, registered.version);
      });
      return reply.status(201).send(wireVersion(version, undefined, undefined));
    },
  );
}

function aliasRoutes(app: HoustonApp): void {
  app.put(
    '/api/registry/models/:name/aliases/:alias',
    {
      schema: {
        summary: 'Point an alias at a version',
        tags,
        params: AliasParams,
        body: Type.Object({ version: Type.Integer({ minimum: 1 }) }, { additionalProperties: false }),
        response: { 200: ModelReply },
      },
    },
    async ({ scope, params, body }) => {
      await service.putAlias(scope, params.name, params.alias, body.version);
      return wireModel(await service.getModel(scope, params.name));
    },
  );
  app.delete(
    '/api/registry/models/:name/aliases/:alias',
    { schema: { summary: 'Take an alias away', tags, params: AliasParams } },
    async ({ scope, params }, reply) => {
      await service.getModel(scope, params.name);
      await service.removeAlias(scope, params.name, params.alias);
      return reply.status(204).send();
    },
  );
}
