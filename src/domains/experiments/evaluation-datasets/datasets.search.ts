import type { Scope } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { decodeOffset, encodeOffset, type Grammar, parseFilter, parseOrder } from '../search/filter.model.ts';
import { byOrders, matchesClause } from '../search/matches.model.ts';
import type { EvaluationDataset } from './datasets.model.ts';
import { datasetRows, linksOf, toDataset } from './datasets.store.ts';

export type DatasetSearch = {
  experimentIds: readonly number[];
  filter?: string | undefined;
  orderBy: readonly string[];
  maxResults: number;
  pageToken?: string | undefined;
};

const grammar: Grammar = {
  kinds: ['attribute', 'tag'],
  attributes: {
    name: 'text',
    dataset_id: 'text',
    digest: 'text',
    created_by: 'text',
    last_updated_by: 'text',
    created_time: 'number',
    last_update_time: 'number',
  },
  aliases: {},
  lists: ['name'],
};

const seen = (dataset: EvaluationDataset) => ({
  attributes: {
    name: dataset.name,
    dataset_id: dataset.id,
    digest: dataset.digest,
    created_by: dataset.createdBy,
    last_updated_by: dataset.updatedBy,
    created_time: dataset.createdAt,
    last_update_time: dataset.updatedAt,
  },
  tags: dataset.tags,
});

/** One page, the newest first unless ordered otherwise. @throws experiments.search.invalid */
export async function searchDatasets(
  scope: Scope,
  search: DatasetSearch,
): Promise<{ datasets: EvaluationDataset[]; next?: string }> {
  const { maxResults: limit, experimentIds } = search;
  if (!Number.isInteger(limit) || limit < 1 || limit > 50_000) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 50000.');
  }
  const clauses = parseFilter(search.filter, grammar);
  const ties = ['created_time DESC', 'dataset_id ASC'];
  const order = byOrders([...search.orderBy, ...ties].map((text) => parseOrder(text, grammar)));
  const offset = decodeOffset(search.pageToken);
  const [rows, links] = await Promise.all([datasetRows(scope.db), linksOf(scope.db)]);
  const found = rows
    .map((row) => toDataset(row, links.get(row.id) ?? []))
    .filter((one) => experimentIds.length === 0 || one.experimentIds.some((id) => experimentIds.includes(id)))
    .map((dataset) => ({ dataset, item: seen(dataset) }))
    .filter(({ item }) => clauses.every((clause) => matchesClause(item, clause)))
    .sort((a, b) => order(a.item, b.item));
  const page = found.slice(offset, offset + limit).map(({ dataset }) => dataset);
  return { datasets: page, ...(found.length > offset + limit && { next: encodeOffset(offset + limit) }) };
}
