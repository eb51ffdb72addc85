import type { Scope } from '../../../platform/scope.ts';
import { sqlIdentifier, sqlLiteral, withFreshFiles } from '../../../platform/tables/index.ts';
import { featureColumns, logFiles } from '../predictions.service.ts';
import { featureSql, idColumn, logSql, outcomesSql, pairsSql } from '../recorder/prediction-sql.ts';
import { revisionsOf } from '../routing/route.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import type { QueryColumnsBody } from './query.contract.ts';

export type QueryColumn = QueryColumnsBody['columns'][number];
export type LogView = { relation: string; columns: QueryColumn[]; paths: string[] };

const own: readonly [name: string, type: string, note: string][] = [
  ['prediction_id', 'VARCHAR', 'id of the row, as replies and feedback have it'],
  ['request_id', 'VARCHAR', 'id of the request; the same for all its rows'],
  ['row_index', 'INTEGER', 'place of the row in its request, from 0'],
  ['event_time', 'TIMESTAMP', 'when the request happened, by the caller (UTC)'],
  ['time', 'TIMESTAMP', 'when it was answered (UTC)'],
  ['version', 'INTEGER', 'version of the model that answered'],
  ['arm', 'VARCHAR', 'champion, canary, fallback or pinned'],
  ['score', 'DOUBLE', 'what the model said'],
  ['label', 'DOUBLE', 'newest outcome; NULL while it is unknown'],
  ['reward', 'DOUBLE', 'newest reward; NULL while it is unknown'],
  ['error', 'VARCHAR', 'why it failed; NULL when it did not'],
  ['latency_ms', 'DOUBLE', 'of the whole request'],
  ['compute_ms', 'DOUBLE', 'of the model alone'],
  ['revision', 'VARCHAR', 'revision that answered'],
  ['rollout', 'VARCHAR', 'rollout during which it was answered'],
  ['pair_score', 'DOUBLE', "the other arm's score of the same row"],
  ['pair_revision', 'VARCHAR', 'revision of the other arm'],
  ['label_received', 'TIMESTAMP', 'when the last outcome or reward came (UTC)'],
  ['path', 'VARCHAR', 'the way through a graph of models'],
  ['cached', 'BOOLEAN', 'the result cache answered'],
  ['weight', 'DOUBLE', 'requests that it stands for; 0: not in the sample'],
  ['erased', 'BOOLEAN', 'a person was erased from it'],
];
/** Columns that come with outcomes and pairs. */
const sources: Readonly<Record<string, string>> = {
  label: 'l',
  reward: 'l',
  label_received: 'l',
  pair_score: 'o',
  pair_revision: 'o',
};
const kinds = { string: 'VARCHAR', number: 'DOUBLE', boolean: 'BOOLEAN', timestamp: 'TIMESTAMP' } as const;
type InputType = keyof typeof kinds;
/** Recorded rows that are looked at to find out the inputs of a deployment whose model is not in memory. */
const peekedRows = 500;

/** The joined log of a deployment as the view that queries see, with every input and feature as a column. */
export async function logView(state: ServingState, scope: Scope, deployment: string): Promise<LogView> {
  const inputs = await inputTypes(state, deployment);
  const features = await featureColumns(scope, deployment);
  const revisions = await store.listRevisions(scope.db, deployment);
  const taken = new Set(own.map(([name]) => name));
  const nameOf = (name: string, kind: string) => {
    let free = taken.has(name.toLowerCase()) ? `${kind}_${name}` : name;
    while (taken.has(free.toLowerCase())) free = `${free}_`;
    taken.add(free.toLowerCase());
    return free;
  };
  const columns: QueryColumn[] = own.map(([name, type, note]) => ({ name, type, kind: 'prediction', note }));
  const selected: string[] = own.map(([name]) =>
    name === 'version' ? versionSql(revisions) : `${sources[name] ?? 'p'}.${name}`,
  );
  for (const [name, type] of inputs) {
    const column = nameOf(name, 'input');
    columns.push({ name: column, type: kinds[type], kind: 'input', note: 'as the request gave it' });
    selected.push(`${inputSql(name, type)} AS ${sqlIdentifier(column)}`);
  }
  for (const feature of features) {
    const column = nameOf(feature.name, 'feature');
    columns.push({ name: column, type: 'FLOAT', kind: 'feature', note: 'as the model saw it' });
    selected.push(`${featureSql(feature)} AS ${sqlIdentifier(column)}`);
  }
  const files = logFiles(state.log(deployment));
  const relation = `SELECT ${selected.join(', ')}
    FROM (SELECT *, ${idColumn} FROM (${logSql('predictions', files.predictions)}) WHERE again IS NULL) p
    LEFT JOIN (${outcomesSql(files, 'true')}) l USING (request_id, row_index)
    LEFT JOIN (${pairsSql(files, 'true')}) o USING (request_id, row_index)`;
  const paths = Object.values(files).flatMap(({ open, sealed }) => [...open, ...sealed]);
  return { relation, columns, paths };
}

function versionSql(revisions: readonly { id: string; version: number }[]): string {
  if (revisions.length === 0) return 'NULL::INTEGER AS version';
  const cases = revisions.map(({ id, version }) => `WHEN ${sqlLiteral(id)} THEN ${version}`);
  return `(CASE p.revision ${cases.join(' ')} END)::INTEGER AS version`;
}

/** One input of a row out of the request's JSON, which has a list of values for each. */
export function inputTextSql(name: string): string {
  const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}/`;
  return `json_extract_string(inputs, ${sqlLiteral(pointer)} || row_index)`;
}

function inputSql(name: string, type: InputType): string {
  const text = inputTextSql(name);
  if (type === 'string') return text;
  if (type === 'timestamp') return `make_timestamp(try_cast(${text} AS DOUBLE)::BIGINT * 1000)`;
  return `try_cast(${text} AS ${kinds[type]})`;
}

/** Names of the columns that requests of a deployment carry. */
export async function inputNames(state: ServingState, deployment: string): Promise<string[]> {
  return [...(await inputTypes(state, deployment)).keys()];
}

/** Names and types of the inputs: what live revisions declare, else what the newest records hold. */
async function inputTypes(state: ServingState, deployment: string): Promise<Map<string, InputType>> {
  const types = new Map<string, InputType>();
  const route = state.routes.get(deployment);
  for (const live of route ? revisionsOf(route) : [])
    for (const { name, type } of live.source?.columns ?? []) types.set(name, type);
  const found = await withFreshFiles(() =>
    state.platform.tables.query<{ name: string; type: string }>(
      `SELECT name, any_value(json_type(inputs, '/' || replace(replace(name, '~', '~0'), '/', '~1') || '/0')) AS type
     FROM (SELECT inputs, unnest(json_keys(inputs)) AS name FROM (
       SELECT inputs::JSON AS inputs FROM (${logSql('predictions', state.log(deployment).files('predictions'))})
       WHERE inputs IS NOT NULL ORDER BY time DESC LIMIT ${peekedRows}))
     GROUP BY name ORDER BY name`,
    ),
  );
  for (const { name, type } of found) {
    if (types.has(name)) continue;
    const isNumber = /INT|DOUBLE/.test(type ?? '');
    types.set(name, isNumber ? 'number' : type === 'BOOLEAN' ? 'boolean' : 'string');
  }
  return types;
}
