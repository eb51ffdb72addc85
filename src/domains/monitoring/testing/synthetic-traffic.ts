import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../../math/random.ts';
import type { Platform } from '../../../platform/platform.ts';
import { sqlLiteral, sqlTimestamp } from '../../../platform/tables/index.ts';
import type { Revision } from '../../serving/index.ts';
import type { RegistryPort, ServingPort } from '../ports.ts';

/** One day of synthetic traffic. */
export type Day = {
  /** Moves every row of feature `delay` (its standard deviation is 1). */
  shift?: number;
  /** Added to the true log-odds but not to the scores: the model does not know. */
  decay?: number;
  rows?: number;
  revision?: string;
  /** Share of rows with an outcome. */
  labelled?: number;
};

export const dayMs = 86_400_000;
export const firstDay = Date.UTC(2001, 1, 1);

const revisionOf = (id: string): Revision => ({
  id,
  deployment: 'flights',
  model: 'delay',
  version: Number(id.split('_')[1]),
  digest: `sha256:${id}`,
  featureService: null,
  featureDigest: null,
  settings: {} as Revision['settings'],
  graph: null,
  features: ['delay', 'noise'],
  createdAt: 0,
});

/**
 * Serving and registry doubles over a table of recorded predictions: feature `delay` drives the score, feature `noise`
 * does not, and both carry a level that wanders from day to day and from hour to hour.
 */
export async function createTraffic(platform: Platform, days: readonly Day[], seed = 1) {
  const random = createRandom(seed);
  const lines: string[] = [];
  let level = 0;
  days.forEach((day, d) => {
    level = 0.6 * level + 0.12 * random.normal();
    const { rows = 600, shift = 0, decay = 0, revision = 'rev_1', labelled = 1 } = day;
    for (let hour = 0; hour < 24; hour++) {
      const wave = level + 0.1 * random.normal();
      for (let i = 0; i < rows / 24; i++) {
        const delay = wave + shift + random.normal();
        const odds = -1.2 + delay;
        const score = 1 / (1 + Math.exp(-odds));
        const y = random.next() < 1 / (1 + Math.exp(-odds - decay)) ? 1 : 0;
        const time = firstDay + d * dayMs + hour * 3_600_000 + Math.floor((i / rows) * 24 * 3_600_000);
        lines.push(
          JSON.stringify({
            t: time,
            revision,
            s: score,
            y: random.next() < labelled ? y : null,
            delay,
            noise: random.next() < 0.02 ? null : level + random.normal(),
          }),
        );
      }
    }
  });
  const file = join(platform.config.dataDir, `traffic-${seed}.ndjson`);
  writeFileSync(file, `${lines.join('\n')}\n`);
  const table = `traffic_${seed}_${lines.length}_${days.length}`;
  await platform.tables.run(
    `CREATE OR REPLACE TABLE ${table} AS SELECT make_timestamp(t * 1000) AS event_time, make_timestamp(${Date.now() * 1000}) AS time,
     revision, s AS score, y AS label, NULL::VARCHAR AS error, [delay::FLOAT, noise::FLOAT] AS features,
     1::DOUBLE AS weight, t::VARCHAR AS request_id
     FROM read_json(${sqlLiteral(file)}, format = 'newline_delimited', columns = {t:'BIGINT',revision:'VARCHAR',s:'DOUBLE',y:'DOUBLE',delay:'DOUBLE',noise:'DOUBLE'})`,
  );
  let until = firstDay + days.length * dayMs;
  const relation = async (_scope: unknown, _name: string, range: { from?: number; to?: number } = {}) => {
    const from = range.from === undefined ? '' : ` AND event_time >= ${sqlTimestamp(range.from)}`;
    const to = sqlTimestamp(Math.min(range.to ?? until, until));
    return `SELECT * FROM ${table} WHERE event_time < ${to}${from}`;
  };
  const serving: ServingPort = {
    listDeployments: async () => [],
    getRevision: async (_scope, id) => revisionOf(id),
    listRevisions: async () => ['rev_1', 'rev_2'].map(revisionOf),
    predictionsSql: relation,
    joinedSql: relation,
    meters: () => [],
    hiddenFeatures: async () => [],
  };
  const registry: RegistryPort = {
    findVersion: async () => undefined,
    profile: async () => {
      throw new Error('There is no training profile.');
    },
    latestEvaluation: async () => undefined,
  };
  return {
    serving,
    registry,
    /** Lets the log grow only to the end of this day, counted from 0. */
    reveal(day: number) {
      until = firstDay + (day + 1) * dayMs;
    },
  };
}
