import type { CatalogDoor, CatalogVersion } from '../../domains/registry/index.ts';
import { invalid } from './errors.ts';
import { tagsOf } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { pairs } from './wire.ts';

export function versionNumber(fields: Fields): number {
  const text = fields.text('version');
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalid(fields.at('version'), 'it is a whole number from 1.');
  return Number(text);
}

export function wireVersion(version: CatalogVersion) {
  return {
    name: version.model,
    version: String(version.version),
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
    user_id: version.user,
    current_stage: version.stage,
    description: version.description,
    source: version.source,
    ...(version.runId !== null && { run_id: version.runId }),
    status: 'READY',
    ...(version.statusMessage !== '' && { status_message: version.statusMessage }),
    tags: pairs(version.tags),
    ...(version.runLink !== null && { run_link: version.runLink }),
    aliases: version.aliases,
    ...(version.loggedModel !== null && { model_id: version.loggedModel }),
  };
}

const since = 2;

export function modelVersionRoutes(catalog: CatalogDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'model-versions/create',
      handle: async (scope, fields) => ({
        model_version: wireVersion(
          await catalog.createVersion(scope, {
            model: fields.text('name'),
            source: fields.text('source'),
            runId: fields.optionalText('run_id'),
            loggedModel: fields.optionalText('model_id'),
            runLink: fields.optionalText('run_link'),
            description: fields.optionalText('description'),
            tags: Object.fromEntries(tagsOf(fields).map(({ key, value }) => [key, value])),
          }),
        ),
      }),
    },
    {
      method: 'GET',
      since,
      path: 'model-versions/get',
      handle: async (scope, fields) => ({
        model_version: wireVersion(
          await catalog.getVersion(scope, fields.text('name'), versionNumber(fields)),
        ),
      }),
    },
    {
      method: 'PATCH',
      since,
      path: 'model-versions/update',
      handle: async (scope, fields) => {
        const description = fields.optionalText('description') ?? '';
        const name = fields.text('name');
        return {
          model_version: wireVersion(
            await catalog.changeVersion(scope, name, versionNumber(fields), { description }),
          ),
        };
      },
    },
    {
      method: 'POST',
      since,
      path: 'model-versions/transition-stage',
      handle: async (scope, fields) => ({
        model_version: wireVersion(
          await catalog.transitionStage(
            scope,
            fields.text('name'),
            versionNumber(fields),
            catalog.parseStage(fields.text('stage')),
            fields.flag('archive_existing_versions'),
          ),
        ),
      }),
    },
    {
      method: 'DELETE',
      since,
      path: 'model-versions/delete',
      handle: async (scope, fields) => {
        await catalog.deleteVersion(scope, fields.text('name'), versionNumber(fields));
        return {};
      },
    },
    { method: 'GET', since, path: 'model-versions/search', handle: search(catalog) },
    {
      method: 'GET',
      since,
      path: 'model-versions/get-download-uri',
      handle: async (scope, fields) => ({
        artifact_uri: (await catalog.getVersion(scope, fields.text('name'), versionNumber(fields)))
          .storageUri,
      }),
    },
    {
      method: 'POST',
      since,
      path: 'model-versions/set-tag',
      handle: async (scope, fields) => {
        const setTag: [string, string] = [fields.text('key'), fields.optionalText('value') ?? ''];
        await catalog.changeVersion(scope, fields.text('name'), versionNumber(fields), { setTag });
        return {};
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'model-versions/delete-tag',
      handle: async (scope, fields) => {
        const deleteTag = fields.text('key');
        await catalog.changeVersion(scope, fields.text('name'), versionNumber(fields), { deleteTag });
        return {};
      },
    },
  ];
}

function search(catalog: CatalogDoor): MlflowRoute['handle'] {
  return async (scope, fields) => {
    const { versions, next } = await catalog.searchVersions(scope, {
      filter: fields.optionalText('filter'),
      orderBy: fields.texts('order_by'),
      maxResults: fields.optionalInteger('max_results') ?? 10_000,
      pageToken: fields.optionalText('page_token'),
    });
    return { model_versions: versions.map(wireVersion), ...(next && { next_page_token: next }) };
  };
}
