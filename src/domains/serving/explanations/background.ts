import { parse } from 'node:path';
import { sqlLiteral, withFreshFiles } from '../../../platform/tables/index.ts';
import { logFiles } from '../predictions.service.ts';
import { predictionsSql } from '../recorder/prediction-sql.ts';
import type { ServingState } from '../serving.state.ts';
import { explanationError } from './explanation.errors.ts';

/** Rows that a prediction is compared with. */
export type Background = {
  rows: number;
  /** Row-major; NaN where a value is missing. */
  vectors: Float64Array;
  /** Rows that they were drawn from. */
  of: number;
  /** Wall time of the oldest and of the newest of those, in milliseconds. */
  from: number;
  to: number;
  source: string;
};

export type BackgroundQuery = {
  deployment: string;
  revision: string;
  width: number;
  rows: number;
  seed: number;
  /** The recorded prediction that is explained; it is no background of itself. */
  prediction?: { id: string; time: number };
};

/** Rows that the sample is drawn from. */
const windowRows = 10_000;
/** Files of the log that are looked through for them, so that a long log costs no more than a short one. */
const windowFiles = 8;
const fewest = 10;

type Recorded = { features: (number | null)[]; time: number; of: number; oldest: number; newest: number };

/**
 * A seeded sample of what the same revision was asked: of the last 10,000 rows before the prediction, so that asking
 * again later gives the same answer, or, when those are fewer than the sample, of the newest 10,000. A requested row
 * has the newest.
 * @throws serving.explanation.no_background when there are fewer than ten
 */
export async function recordedBackground(state: ServingState, query: BackgroundQuery): Promise<Background> {
  const { prediction, rows } = query;
  const before = prediction ? await draw(state, query, prediction.time) : undefined;
  const found = before && before.rows >= rows ? before : await draw(state, query, undefined);
  if (found.rows >= fewest) return found;
  throw explanationError(
    'serving.explanation.no_background',
    `This revision has ${found.rows} recorded rows to compare with; ${fewest} are needed.`,
  );
}

async function draw(
  state: ServingState,
  query: BackgroundQuery,
  until: number | undefined,
): Promise<Background> {
  const { deployment, revision, width, rows, seed, prediction } = query;
  const log = state.log(deployment);
  const relation = () => {
    const files = logFiles(log);
    const last = until === undefined || !prediction ? undefined : log.fileOf(requestOf(log, prediction.id));
    return predictionsSql({ ...files, predictions: windowOf(files.predictions, last?.path) }, {});
  };
  const conditions = [
    `revision = ${sqlLiteral(revision)}`,
    `len(features) = ${width}`,
    'error IS NULL',
    ...(until === undefined ? [] : [`time <= make_timestamp(${Math.round(until) * 1000})`]),
    ...(prediction ? [`prediction_id <> ${sqlLiteral(prediction.id)}`] : []),
  ];
  const found = await withFreshFiles(() =>
    state.platform.tables.query<Recorded>(
      `WITH latest AS (
       SELECT prediction_id, features, epoch_ms(time)::DOUBLE AS asked FROM (${relation()})
       WHERE ${conditions.join(' AND ')} ORDER BY time DESC, request_id DESC, row_index DESC LIMIT ${windowRows}
     )
     SELECT features, count(*) OVER ()::INTEGER AS "of", min(asked) OVER () AS oldest, max(asked) OVER () AS newest
     FROM latest ORDER BY md5(prediction_id || ${sqlLiteral(` ${seed}`)}), prediction_id LIMIT ${rows}`,
    ),
  );
  const vectors = new Float64Array(found.length * width);
  found.forEach(({ features }, row) => {
    for (let column = 0; column < width; column++)
      vectors[row * width + column] = features[column] ?? Number.NaN;
  });
  const [first] = found;
  return {
    rows: found.length,
    vectors,
    of: first?.of ?? 0,
    from: first?.oldest ?? 0,
    to: first?.newest ?? 0,
    source:
      until === undefined
        ? 'the newest recorded rows of this revision'
        : 'the recorded rows of this revision before the prediction',
  };
}

type Files = { open: string[]; sealed: string[] };

/** The last files of a log up to `last`, or up to its end. */
function windowOf({ open, sealed }: Files, last: string | undefined): Files {
  const segment = (path: string) => parse(path).name;
  const all = [...sealed, ...open].sort((a, b) => (segment(a) < segment(b) ? -1 : 1));
  const at = last === undefined ? -1 : all.findIndex((path) => segment(path) === segment(last));
  const end = at === -1 ? all.length : at + 1;
  const kept = new Set(all.slice(Math.max(0, end - windowFiles), end));
  return { open: open.filter((path) => kept.has(path)), sealed: sealed.filter((path) => kept.has(path)) };
}

/** The request of a prediction id: the id itself for one row, else what stands before its row. */
function requestOf(log: ReturnType<ServingState['log']>, id: string): string {
  return log.rowsOf(id) === 1 ? id : id.replace(/:\d{1,7}$/, '');
}
