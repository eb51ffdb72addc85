import type { EvaluationDataset, EvaluationRecord, TrackingDoor } from '../../domains/experiments/index.ts';
import type { Json } from '../../platform/json.ts';
import { invalid } from './errors.ts';
import { parseExperimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

/** A field that carries JSON as text. */
function jsonText(fields: Fields, name: string): Json {
  try {
    return JSON.parse(fields.text(name)) as Json;
  } catch {
    throw invalid(fields.at(name), 'it is a text that holds JSON.');
  }
}

/** A map of texts that travels as JSON text; what is no text becomes its JSON. */
function tagsText(fields: Fields): Record<string, string | null> {
  const value = fields.has('tags') ? jsonText(fields, 'tags') : {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(fields.at('tags'), 'it is a JSON object.');
  }
  const text = (one: Json) => (typeof one === 'string' || one === null ? one : JSON.stringify(one));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, text(one)]));
}

const experimentIds = (fields: Fields) =>
  fields.texts('experiment_ids').map((id) => parseExperimentId(id, fields.at('experiment_ids')));

function wireDataset(dataset: EvaluationDataset) {
  return {
    dataset_id: dataset.id,
    name: dataset.name,
    tags: JSON.stringify(dataset.tags),
    ...(dataset.fields !== null && { schema: JSON.stringify(dataset.fields) }),
    ...(dataset.records > 0 && { profile: JSON.stringify({ num_records: dataset.records }) }),
    digest: dataset.digest,
    created_time: dataset.createdAt,
    last_update_time: dataset.updatedAt,
    ...(dataset.createdBy !== null && { created_by: dataset.createdBy }),
    ...(dataset.updatedBy !== null && { last_updated_by: dataset.updatedBy }),
    experiment_ids: dataset.experimentIds.map(String),
  };
}

function wireRecord(record: EvaluationRecord) {
  const { source } = record;
  const data = source?.source_data as { trace_id?: Json } | undefined;
  return {
    dataset_record_id: record.id,
    dataset_id: record.datasetId,
    inputs: record.inputs,
    ...(record.outputs != null && { outputs: record.outputs }),
    ...(record.expectations && { expectations: record.expectations }),
    ...(record.tags && { tags: record.tags }),
    ...(source && { source, source_type: source.source_type }),
    ...(typeof data?.trace_id === 'string' && { source_id: data.trace_id }),
    created_time: record.createdAt,
    last_update_time: record.updatedAt,
    ...(record.createdBy !== null && { created_by: record.createdBy }),
    ...(record.updatedBy !== null && { last_updated_by: record.updatedBy }),
  };
}

const since = 3;

/** Evaluation datasets; their records and tags travel as one JSON text. */
export function datasetRoutes({ evaluationDatasets: datasets }: TrackingDoor): MlflowRoute[] {
  const search: MlflowRoute['handle'] = async (scope, fields) => {
    const { datasets: page, next } = await datasets.searchDatasets(scope, {
      experimentIds: experimentIds(fields),
      filter: fields.optionalText('filter_string'),
      orderBy: fields.texts('order_by'),
      maxResults: fields.optionalInteger('max_results') || 1000,
      pageToken: fields.optionalText('page_token') || undefined,
    });
    return { datasets: page.map(wireDataset), ...(next && { next_page_token: next }) };
  };
  return [
    {
      method: 'POST',
      since,
      path: 'datasets/create',
      handle: async (scope, fields) => {
        const tags = Object.entries(tagsText(fields)).flatMap(([key, one]) =>
          one === null ? [] : [[key, one] as const],
        );
        const input = { name: fields.text('name'), tags: Object.fromEntries(tags) };
        const made = await datasets.createDataset(scope, { ...input, experimentIds: experimentIds(fields) });
        return { dataset: wireDataset(made) };
      },
    },
    { method: 'POST', since, path: 'datasets/search', handle: search },
    { method: 'GET', since, path: 'datasets/search', handle: search },
    {
      method: 'GET',
      since,
      path: 'datasets/:dataset',
      handle: async (scope, _fields, { dataset }) => ({
        dataset: wireDataset(await datasets.getDataset(scope, dataset!)),
      }),
    },
    {
      method: 'DELETE',
      since,
      path: 'datasets/:dataset',
      handle: async (scope, _fields, { dataset }) => {
        await datasets.deleteDataset(scope, dataset!);
        return {};
      },
    },
    {
      method: 'PATCH',
      since,
      path: 'datasets/:dataset/tags',
      handle: async (scope, fields, { dataset }) => ({
        dataset: wireDataset(await datasets.setDatasetTags(scope, dataset!, tagsText(fields))),
      }),
    },
    {
      method: 'DELETE',
      since,
      path: 'datasets/:dataset/tags/:key',
      handle: async (scope, _fields, { dataset, key }) => {
        await datasets.deleteDatasetTag(scope, dataset!, key!);
        return {};
      },
    },
    ...recordRoutes(datasets),
    ...linkRoutes(datasets),
  ];
}

function recordRoutes(datasets: TrackingDoor['evaluationDatasets']): MlflowRoute[] {
  const path = 'datasets/:dataset/records';
  return [
    {
      method: 'POST',
      since,
      path,
      handle: async (scope, fields, { dataset }) => {
        const { inserted, updated } = await datasets.putRecords(scope, dataset!, jsonText(fields, 'records'));
        return { inserted_count: inserted, updated_count: updated };
      },
    },
    {
      method: 'GET',
      since,
      path,
      handle: async (scope, fields, { dataset }) => {
        const limit = fields.optionalInteger('max_results') || 1000;
        if (limit < 1 || limit > 10_000) throw invalid('max_results', 'it is from 1 to 10000.');
        const token = fields.optionalText('page_token') || undefined;
        const { records, next } = await datasets.listRecords(scope, dataset!, { limit, token });
        return { records: JSON.stringify(records.map(wireRecord)), ...(next && { next_page_token: next }) };
      },
    },
    {
      method: 'DELETE',
      since,
      path,
      handle: async (scope, fields, { dataset }) => ({
        deleted_count: await datasets.deleteRecords(scope, dataset!, fields.texts('dataset_record_ids')),
      }),
    },
  ];
}

function linkRoutes(datasets: TrackingDoor['evaluationDatasets']): MlflowRoute[] {
  return [
    {
      method: 'GET',
      since,
      path: 'datasets/:dataset/experiment-ids',
      handle: async (scope, _fields, { dataset }) => ({
        experiment_ids: (await datasets.getDataset(scope, dataset!)).experimentIds.map(String),
      }),
    },
    {
      method: 'POST',
      since,
      path: 'datasets/:dataset/add-experiments',
      handle: async (scope, fields, { dataset }) => {
        const add = experimentIds(fields);
        return { dataset: wireDataset(await datasets.changeExperiments(scope, dataset!, { add })) };
      },
    },
    {
      method: 'POST',
      since,
      path: 'datasets/:dataset/remove-experiments',
      handle: async (scope, fields, { dataset }) => {
        const remove = experimentIds(fields);
        return { dataset: wireDataset(await datasets.changeExperiments(scope, dataset!, { remove })) };
      },
    },
  ];
}
