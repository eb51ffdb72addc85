import type { TrackingDoor } from '../../domains/experiments/index.ts';
import { invalid } from './errors.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';
import { wireExperiment } from './wire.ts';

/** Empty means the default experiment, as clients send it. */
export function experimentId(fields: Fields, name = 'experiment_id'): number {
  const text = fields.optionalText(name) ?? '';
  return parseExperimentId(text === '' ? '0' : text, fields.at(name));
}

export function parseExperimentId(text: string, at: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalid(at, 'ids of experiments are whole numbers.');
  return Math.min(Number(text), 2_147_483_647);
}

type View = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL';
const views: readonly View[] = ['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'];

export function stagesOf(fields: Fields, name: string): ('active' | 'deleted')[] {
  const view = fields.choice(name, views, { 1: 'ACTIVE_ONLY', 2: 'DELETED_ONLY', 3: 'ALL' });
  if (view === 'ALL') return ['active', 'deleted'];
  return view === 'DELETED_ONLY' ? ['deleted'] : ['active'];
}

export const tagsOf = (fields: Fields, name = 'tags') =>
  fields.messages(name).map((tag) => ({ key: tag.text('key'), value: tag.optionalText('value') ?? '' }));

export function experimentRoutes(tracking: TrackingDoor): MlflowRoute[] {
  const search: MlflowRoute['handle'] = async (scope, fields) => {
    const { experiments, next } = await tracking.searchExperiments(scope, {
      stages: stagesOf(fields, 'view_type'),
      filter: fields.optionalText('filter'),
      orderBy: fields.texts('order_by'),
      maxResults: fields.optionalInteger('max_results') ?? 1000,
      pageToken: fields.optionalText('page_token'),
    });
    return { experiments: experiments.map(wireExperiment), ...(next && { next_page_token: next }) };
  };
  const since = 2;
  return [
    {
      method: 'POST',
      since,
      path: 'experiments/create',
      handle: async (scope, fields) => {
        const id = await tracking.createExperiment(scope, {
          name: fields.text('name'),
          artifactLocation: fields.optionalText('artifact_location'),
          tags: tagsOf(fields),
        });
        return { experiment_id: String(id) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'experiments/get',
      handle: async (scope, fields) => ({
        experiment: wireExperiment(await tracking.getExperiment(scope, experimentId(fields))),
      }),
    },
    {
      method: 'GET',
      since,
      path: 'experiments/get-by-name',
      handle: async (scope, fields) => ({
        experiment: wireExperiment(await tracking.getExperimentByName(scope, fields.text('experiment_name'))),
      }),
    },
    { method: 'GET', since, path: 'experiments/search', handle: search },
    { method: 'POST', since, path: 'experiments/search', handle: search },
    {
      method: 'POST',
      since,
      path: 'experiments/update',
      handle: async (scope, fields) => {
        fields.text('experiment_id');
        if (fields.has('new_name'))
          await tracking.renameExperiment(scope, experimentId(fields), fields.text('new_name'));
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'experiments/delete',
      handle: async (scope, fields) => {
        fields.text('experiment_id');
        await tracking.deleteExperiment(scope, experimentId(fields));
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'experiments/restore',
      handle: async (scope, fields) => {
        fields.text('experiment_id');
        await tracking.restoreExperiment(scope, experimentId(fields));
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'experiments/set-experiment-tag',
      handle: async (scope, fields) => {
        fields.text('experiment_id');
        const tag = { key: fields.text('key'), value: fields.anyText('value') };
        await tracking.setExperimentTag(scope, experimentId(fields), tag);
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'experiments/delete-experiment-tag',
      handle: async (scope, fields) => {
        fields.text('experiment_id');
        await tracking.deleteExperimentTag(scope, experimentId(fields), fields.text('key'));
        return {};
      },
    },
  ];
}
