import type { CatalogDoor, CatalogModel, RegistryDoor } from '../../domains/registry/index.ts';
import { authorise } from '../../platform/scope.ts';
import { tagsOf } from './experiments.ts';
import type { Fields } from './fields.ts';
import { versionNumber, wireVersion } from './model-versions.ts';
import type { MlflowRoute } from './routes.ts';
import { pairs } from './wire.ts';

export function wireModel(model: CatalogModel) {
  return {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
    description: model.description,
    latest_versions: model.latest.map(wireVersion),
    tags: pairs(model.tags),
    aliases: Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) })),
  };
}

const tagRecord = (fields: Fields) =>
  Object.fromEntries(tagsOf(fields).map(({ key, value }) => [key, value]));

const since = 2;

export function registeredModelRoutes(catalog: CatalogDoor, registry: RegistryDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'registered-models/create',
      handle: async (scope, fields) => ({
        registered_model: wireModel(
          await catalog.createModel(scope, fields.text('name'), {
            description: fields.optionalText('description'),
            tags: tagRecord(fields),
          }),
        ),
      }),
    },
    {
      method: 'POST',
      since,
      path: 'registered-models/rename',
      handle: async (scope, fields) => ({
        registered_model: wireModel(
          await catalog.renameModel(scope, fields.text('name'), fields.text('new_name')),
        ),
      }),
    },
    {
      method: 'PATCH',
      since,
      path: 'registered-models/update',
      handle: async (scope, fields) => {
        const description = fields.optionalText('description') ?? '';
        return {
          registered_model: wireModel(await catalog.changeModel(scope, fields.text('name'), { description })),
        };
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'registered-models/delete',
      handle: async (scope, fields) => {
        await catalog.deleteModel(scope, fields.text('name'));
        return {};
      },
    },
    {
      method: 'GET',
      since,
      path: 'registered-models/get',
      handle: async (scope, fields) => ({
        registered_model: wireModel(await catalog.getModel(scope, fields.text('name'))),
      }),
    },
    { method: 'GET', since, path: 'registered-models/search', handle: search(catalog) },
    // The client for R posts it.
    { method: 'POST', since, path: 'registered-models/search', handle: search(catalog) },
    { method: 'GET', since, path: 'registered-models/get-latest-versions', handle: latestVersions(catalog) },
    { method: 'POST', since, path: 'registered-models/get-latest-versions', handle: latestVersions(catalog) },
    {
      method: 'POST',
      since,
      path: 'registered-models/set-tag',
      handle: async (scope, fields) => {
        const setTag: [string, string] = [fields.text('key'), fields.optionalText('value') ?? ''];
        await catalog.changeModel(scope, fields.text('name'), { setTag });
        return {};
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'registered-models/delete-tag',
      handle: async (scope, fields) => {
        await catalog.changeModel(scope, fields.text('name'), { deleteTag: fields.text('key') });
        return {};
      },
    },
    ...aliasRoutes(catalog, registry),
  ];
}

function search(catalog: CatalogDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const { models, next } = await catalog.searchModels(scope, {
      filter: fields.optionalText('filter'),
      orderBy: fields.texts('order_by'),
      maxResults: fields.optionalInteger('max_results') ?? 100,
      pageToken: fields.optionalText('page_token'),
    });
    return { registered_models: models.map(wireModel), ...(next && { next_page_token: next }) };
  };
}

function latestVersions(catalog: CatalogDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const stages = fields.texts('stages').map((stage) => catalog.parseStage(stage));
    const { latest } = await catalog.getModel(scope, fields.text('name'));
    const wanted = stages.length === 0 ? latest : latest.filter(({ stage }) => stages.includes(stage));
    return { model_versions: wanted.map(wireVersion) };
  };
}

function aliasRoutes(catalog: CatalogDoor, registry: RegistryDoor): MlflowRoute[] {
  const path = 'registered-models/alias';
  return [
    {
      method: 'POST',
      since,
      path,
      handle: async (scope, fields) => {
        authorise(scope, 'registry.write');
        const { model, version } = await catalog.getVersion(
          scope,
          fields.text('name'),
          versionNumber(fields),
        );
        await registry.setAlias(scope, model, fields.text('alias'), version);
        return {};
      },
    },
    {
      method: 'DELETE',
      since,
      path,
      handle: async (scope, fields) => {
        authorise(scope, 'registry.write');
        const { name, aliases } = await catalog.getModel(scope, fields.text('name'));
        const alias = fields.text('alias');
        // Taking away what is not there is no error for clients of the protocol.
        if (Object.hasOwn(aliases, alias)) await registry.deleteAlias(scope, name, alias);
        return {};
      },
    },
    {
      method: 'GET',
      since,
      path,
      handle: async (scope, fields) => ({
        model_version: wireVersion(
          await catalog.getVersionByAlias(scope, fields.text('name'), fields.text('alias')),
        ),
      }),
    },
  ];
}
