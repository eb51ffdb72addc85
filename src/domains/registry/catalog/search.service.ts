import type { Scope } from '../../../platform/scope.ts';
import {
  byOrders,
  type Clause,
  decodeOffset,
  encodeOffset,
  type Grammar,
  matchesClause,
  parseFilter,
  parseOrders,
  type Searchable,
} from '../../experiments/index.ts';
import { isPrompt, promptTag } from '../prompt.model.ts';
import { registryError } from '../registry.contract.ts';
import type { CatalogModel, CatalogVersion } from './catalog.model.ts';
import { allModels } from './models.service.ts';
import { allVersions } from './versions.service.ts';

export type CatalogSearch = {
  filter?: string | undefined;
  orderBy?: readonly string[];
  maxResults: number;
  pageToken?: string | undefined;
};

const modelGrammar: Grammar = {
  kinds: ['attribute', 'tag'],
  attributes: { name: 'text', creation_timestamp: 'number', last_updated_timestamp: 'number' },
  aliases: { timestamp: 'last_updated_timestamp' },
  lists: ['name'],
};
const versionGrammar: Grammar = {
  kinds: ['attribute', 'tag'],
  attributes: {
    name: 'text',
    version_number: 'number',
    run_id: 'text',
    source_path: 'text',
    creation_timestamp: 'number',
    last_updated_timestamp: 'number',
  },
  aliases: { version: 'version_number' },
  lists: ['name', 'run_id'],
};

const toSearchableModel = (model: CatalogModel) => ({
  attributes: {
    name: model.name,
    creation_timestamp: model.createdAt,
    last_updated_timestamp: model.updatedAt,
  },
  tags: model.tags,
});

const toSearchableVersion = (version: CatalogVersion) => ({
  attributes: {
    name: version.model,
    version_number: version.version,
    run_id: version.runId,
    source_path: version.source,
    creation_timestamp: version.createdAt,
    last_updated_timestamp: version.updatedAt,
  },
  tags: version.tags,
});

/** One page of models, by name unless ordered otherwise. @throws registry.search.invalid */
export async function searchModels(
  scope: Scope,
  search: CatalogSearch,
): Promise<{ models: CatalogModel[]; next?: string }> {
  const { page, next } = find(await allModels(scope), toSearchableModel, search, modelGrammar, 1000, [
    'name ASC',
  ]);
  return { models: page, ...(next && { next }) };
}

/** One page of versions, the last changed first unless ordered otherwise. @throws registry.search.invalid */
export async function searchVersions(
  scope: Scope,
  search: CatalogSearch,
): Promise<{ versions: CatalogVersion[]; next?: string }> {
  const ties = [
    ...(search.orderBy?.length ? [] : ['last_updated_timestamp DESC']),
    'name ASC',
    'version_number DESC',
  ];
  const versions = await allVersions(scope, onlyModel(search.filter));
  const { page, next } = find(versions, toSearchableVersion, search, versionGrammar, 200_000, ties);
  return { versions: page, ...(next && { next }) };
}

/** The model that a filter names, so that not all versions of all models are read. */
function onlyModel(filter: string | undefined): string | undefined {
  const clauses = parseFilter(filter, versionGrammar);
  const named = clauses.find(
    ({ key, kind, operator }) => kind === 'attribute' && key === 'name' && operator === '=',
  );
  return named && String(named.value);
}

function find<T>(
  items: readonly T[],
  read: (item: T) => Searchable,
  search: CatalogSearch,
  grammar: Grammar,
  most: number,
  ties: readonly string[],
): { page: T[]; next: string | undefined } {
  const { maxResults: limit } = search;
  if (!Number.isInteger(limit) || limit < 1 || limit > most) {
    throw registryError('registry.search.invalid', `max_results is a whole number from 1 to ${most}.`);
  }
  const offset = decodeOffset(search.pageToken);
  const clauses = parseFilter(search.filter, grammar);
  const orders = [...parseOrders(search.orderBy ?? [], grammar), ...parseOrders(ties, grammar)];
  const order = byOrders(orders);
  const found = items
    .map((item) => ({ item, seen: read(item) }))
    .filter(({ seen }) => isWanted(seen, clauses))
    .sort((a, b) => order(a.seen, b.seen));
  const page = found.slice(offset, offset + limit).map(({ item }) => item);
  return { page, next: found.length > offset + limit ? encodeOffset(offset + limit) : undefined };
}

/** Searches that do not name the tag of prompts leave them out. */
function isWanted(item: Searchable, clauses: readonly Clause[]): boolean {
  const aboutPrompts = clauses.filter(({ kind, key }) => kind === 'tag' && key === promptTag);
  if (aboutPrompts.length === 0 && isPrompt(item.tags)) return false;
  // A model that lacks the tag is no prompt: it answers as if the tag said 'false'.
  const seen = { ...item, tags: { ...item.tags, [promptTag]: item.tags[promptTag] ?? 'false' } };
  return clauses.every((clause) => matchesClause(aboutPrompts.includes(clause) ? seen : item, clause));
}
