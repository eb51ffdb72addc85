import { join } from 'node:path';
import { dataFolder } from '../../../platform/config.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { listEvents, record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { sqlLiteral, sqlTimestamp, withFreshFiles } from '../../../platform/tables/index.ts';
import { getDeployment } from '../deployments.service.ts';
import { featureColumns } from '../predictions.service.ts';
import { featureAt, featuresSql } from '../recorder/packed-vectors.ts';
import type { LogKind } from '../recorder/prediction-log.ts';
import { type FeatureColumn, logSql, replaceSql } from '../recorder/prediction-sql.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import { nothingExpired, openExpiryNote } from './expiry-note.ts';
import { fieldRules, isOfField } from './recording-policy.ts';

/** What is past its time in the log of a deployment: rows, and values of fields in rows that stay. */
export type Expired = {
  predictions: number;
  pairs: number;
  feedback: number;
  fields: Record<string, number>;
  files: number;
};

type FieldLimit = { name: string; before: number; places: readonly FeatureColumn[] };
type Limits = { before: number | null; fields: FieldLimit[] };

const expiredEvent = 'serving.records.expired';
const day = 86_400_000;
const timeColumn: Record<LogKind, string> = { predictions: 'time', pairs: 'time', feedback: 'received' };

/** What the rules of a deployment remove now; null when it has none. */
async function limitsOf(scope: Scope, name: string): Promise<Limits | null> {
  const { spec } = await getDeployment(scope, name);
  const now = scope.now();
  const days = spec.recording?.retentionDays;
  const features = await featureColumns(scope, name);
  const fields = [...fieldRules(spec.recording)].flatMap(([field, { retentionDays }]): FieldLimit[] =>
    retentionDays === null
      ? []
      : [
          {
            name: field,
            before: now - retentionDays * day,
            places: features.filter((feature) => isOfField(feature.name, field)),
          },
        ],
  );
  if (days === undefined && fields.length === 0) return null;
  return { before: days === undefined ? null : now - days * day, fields };
}

/** Deployments that declare for how long they keep records. */
export async function deploymentsWithRetention(scope: Scope): Promise<string[]> {
  const all = await store.listDeployments(scope.db);
  return all
    .filter(
      ({ spec }) =>
        spec.recording?.retentionDays !== undefined ||
        [...fieldRules(spec.recording).values()].some((rule) => rule.retentionDays !== null),
    )
    .map(({ name }) => name);
}

/** What is past its time now, without changing anything. */
export async function planRetention(state: ServingState, scope: Scope, name: string): Promise<Expired> {
  authorise(scope, 'serving.erase');
  const limits = await limitsOf(scope, name);
  const found = nothingExpired();
  if (!limits) return found;
  const log = state.log(name);
  for (const kind of ['predictions', 'pairs', 'feedback'] as const)
    await withFreshFiles(() => count(state, kind, logSql(kind, log.files(kind)), limits, found));
  return found;
}

type Count = Record<string, number> & { rows: number; gone: number };

/** Adds what one relation holds that is past its time; says how much of it that is. */
async function count(
  state: ServingState,
  kind: LogKind,
  relation: string,
  { before, fields }: Limits,
  into: Expired,
): Promise<'none' | 'some' | 'all'> {
  const past = before === null ? 'false' : `${timeColumn[kind]} < ${sqlTimestamp(before)}`;
  const own = kind === 'predictions' ? fields : [];
  const held = own.map(
    (field, i) => `, count(*) FILTER (WHERE NOT (${past}) AND ${heldSql(field)}) AS f${i}`,
  );
  const [found] = await state.platform.tables.query<Count>(
    `SELECT count(*) AS rows, count(*) FILTER (WHERE ${past}) AS gone${held.join('')} FROM (${relation})`,
  );
  into[kind] += found.gone;
  let values = 0;
  own.forEach(({ name }, i) => {
    into.fields[name] = (into.fields[name] ?? 0) + found[`f${i}`];
    values += found[`f${i}`];
  });
  if (found.rows === found.gone) return 'all';
  const some = found.gone > 0 || values > 0;
  if (some) into.files++;
  return some ? 'some' : 'none';
}

/** Whether a row past a field's time still has it. */
function heldSql({ name, before, places }: FieldLimit): string {
  const inFeatures = placeConditions(places).map(
    ({ revision, place }) => `(revision = ${sqlLiteral(revision)} AND ${featureAt(place)} IS NOT NULL)`,
  );
  const inInputs = `json_exists(inputs, ${sqlLiteral(pointer(name))})`;
  return `time < ${sqlTimestamp(before)} AND coalesce(${[inInputs, ...inFeatures].join(' OR ')}, false)`;
}

function placeConditions(places: readonly FeatureColumn[]): { revision: string; place: number }[] {
  return places.flatMap((feature) => [...feature.places].map(([revision, place]) => ({ revision, place })));
}

const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;

/** The rows that stay, without the fields that are past their time. */
function keptSql(kind: LogKind, path: string, { before, fields }: Limits): string {
  const relation = logSql(kind, { open: [], sealed: [path] });
  const where = before === null ? '' : ` WHERE ${timeColumn[kind]} >= ${sqlTimestamp(before)}`;
  if (kind !== 'predictions' || fields.length === 0) return `SELECT * FROM (${relation})${where}`;
  const past = ({ before: until }: FieldLimit) => `time < ${sqlTimestamp(until)}`;
  const isPast = fields.map(past).join(' OR ');
  let patched = 'inputs';
  for (const field of fields) {
    const patch = sqlLiteral(JSON.stringify({ [field.name]: null }));
    patched = `json_merge_patch(${patched}, CASE WHEN ${past(field)} THEN ${patch} ELSE '{}' END)`;
  }
  const inputs = `CASE WHEN inputs IS NOT NULL AND (${isPast}) THEN ${patched}::VARCHAR ELSE inputs END AS inputs`;
  const covered = fields.flatMap((field) =>
    placeConditions(field.places).map(
      ({ revision, place }) => `(${past(field)} AND revision = ${sqlLiteral(revision)} AND i = ${place})`,
    ),
  );
  if (covered.length === 0) return `SELECT * REPLACE (${inputs}) FROM (${relation})${where}`;
  // Packed vectors of rows that change are kept as numbers from then on.
  const features = `list_transform(${featuresSql}, lambda x, i: CASE WHEN ${covered.join(' OR ')} THEN NULL ELSE x END)`;
  return `SELECT * REPLACE (${inputs},
      CASE WHEN ${isPast} THEN ${features} ELSE features END AS features,
      CASE WHEN ${isPast} THEN NULL ELSE vector END AS vector) FROM (${relation})${where}`;
}

/** Tells the ledger, once, also when the process died before the note of it was removed. */
async function recordExpiry(scope: Scope, deployment: string, data: JsonObject): Promise<void> {
  const subject = `deployment:${deployment}`;
  const [last] = await listEvents(scope, { subject, types: [expiredEvent], limit: 1 });
  if (last?.data.expiry === data.expiry) return;
  await transact(scope, (tx) => record(tx, { type: expiredEvent, subject, data: { deployment, ...data } }));
}

/**
 * Removes what is past its time, file by file; each file is succeeded as a whole, so that a `kill -9` leaves every file
 * as it was or as it shall be, and the next run does the rest. The ledger gets the counts of both.
 */
export async function expire(
  state: ServingState,
  scope: Scope,
  name: string,
  progress: (note: string) => void,
): Promise<Expired> {
  const limits = await limitsOf(scope, name);
  if (!limits) return nothingExpired();
  // Opened first: that removes what a run that died had succeeded, which the note then counts.
  const log = state.log(name);
  const note = openExpiryNote(join(dataFolder(scope.platform.config, 'predictions', name), 'expired.json'));
  const { id, removed } = note;
  await log.rewrite(scope.now(), async (kind, path, target) => {
    const found = nothingExpired();
    const held = await count(state, kind, logSql(kind, { open: [], sealed: [path] }), limits, found);
    progress(`${name}: ${removed.predictions} rows, ${removed.files} files`);
    if (held === 'none') return 'kept';
    note.begin(path, found);
    if (held === 'all') return 'removed';
    await state.platform.tables.run(replaceSql(keptSql(kind, path, limits), target));
    return 'replaced';
  });
  note.settle();
  const { predictions, pairs, feedback, fields } = removed;
  const values = Object.values(fields).reduce((sum, one) => sum + one, 0);
  if (predictions + pairs + feedback + values > 0) {
    state.forget(name);
    await recordExpiry(scope, name, { expiry: id, predictions, pairs, feedback, fields });
  }
  note.remove();
  return removed;
}
