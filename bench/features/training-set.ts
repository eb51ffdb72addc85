/**
 * Point-in-time training set of all 3,000,000 flights with the 14 features of the flights project: Houston's step
 * against a plain script of as-of joins in DuckDB that computes the same columns. Both sides run in one go, in
 * turns, on the same threads and memory; medians are printed, and the two tables are compared.
 *
 * node bench/features/training-set.ts [rounds]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileService } from '../../src/domains/features/definition.model.ts';
import { flights } from '../../src/domains/features/flights.fixture.ts';
import { writeTrainingSet } from '../../src/domains/features/offline/training-set.ts';
import { createTables } from '../../src/platform/tables/index.ts';

const parquet = fileURLToPath(
  new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);
const rounds = Number(process.argv[2] ?? 1);
const folder = mkdtempSync(join(tmpdir(), 'houston-bench-'));
const service = compileService('flights-delay', flights);
const names = service.features.map(({ name }) => name);
const ours = join(folder, 'houston.parquet');
const plain = join(folder, 'plain.parquet');

async function houston(): Promise<void> {
  await writeTrainingSet(service, [parquet], ours, {}, { memoryLimit: '3GB', temporaryFolder: folder });
}

/** Running sums per key and minute, then one as-of join for each edge of each window, as one would write it. */
async function plainScript(): Promise<void> {
  const tables = await createTables({ memoryLimit: '3GB', temporaryFolder: folder });
  await tables.session(async (session) => {
    await session.run(`CREATE TEMP TABLE f AS SELECT *, (delay > 15)::INT AS late, least(greatest(delay, -30), 180) AS m,
      greatest(date + INTERVAL 1 MINUTE, date + to_minutes(30 + distance // 8 + delay)) AS landed, row_number() OVER () - 1 AS r
      FROM read_parquet('${parquet}')`);
    const sums = async (name: string, keys: string, unit: string) => {
      const over = keys ? `PARTITION BY ${keys} ORDER BY t` : 'ORDER BY t';
      const columns = keys ? `${keys}, ` : '';
      await session.run(`CREATE TEMP TABLE ${name} AS SELECT ${columns}t + INTERVAL 1 ${unit} AS t, sum(n) OVER w AS n, sum(l) OVER w AS l, sum(m) OVER w AS m
        FROM (SELECT ${columns}date_trunc('${unit}', landed) AS t, count(*)::DOUBLE AS n, sum(late)::DOUBLE AS l, sum(m)::DOUBLE AS m FROM f GROUP BY ALL)
        WINDOW w AS (${over} ROWS UNBOUNDED PRECEDING)`);
    };
    await sums('c_origin', 'origin', 'minute');
    await sums('c_destination', 'destination', 'minute');
    await sums('c_network', '', 'minute');
    await sums('c_route', 'origin, destination', 'hour');
    const joins = (table: string, on: string, unit: string, edges: [string, string][]) =>
      edges
        .map(
          ([alias, back]) =>
            `ASOF LEFT JOIN ${table} ${alias} ON ${on.replaceAll('$', alias)}date_trunc('${unit}', f.date) - INTERVAL ${back} >= ${alias}.t`,
        )
        .join(' ');
    const edges = (p: string): [string, string][] => [
      [`${p}0`, '0 MINUTE'],
      [`${p}1`, '1 HOUR'],
      [`${p}3`, '3 HOUR'],
    ];
    const diff = (p: string, c: string, w: number) =>
      `(coalesce(${p}0.${c}, 0) - coalesce(${p}${w}.${c}, 0))`;
    const mean = (p: string, c: string, w: number) =>
      `coalesce(${diff(p, c, w)} / nullif(${diff(p, 'n', w)}, 0), 'NaN')::FLOAT`;
    await session.run(`COPY (SELECT f.r AS __row, f.date AS __time, f.late AS __label,
        hour(f.date)::FLOAT AS "hour", isodow(f.date)::FLOAT AS weekday, f.distance::FLOAT AS distance,
        ${mean('o', 'l', 3)} AS origin_late_share_3h, ${mean('o', 'm', 1)} AS origin_delay_1h, ${diff('o', 'n', 3)}::FLOAT AS origin_landed_3h,
        ${mean('i', 'l', 3)} AS inbound_late_share_3h, ${mean('i', 'm', 1)} AS inbound_delay_1h,
        ${mean('d', 'l', 3)} AS destination_late_share_3h, ${mean('d', 'm', 1)} AS destination_delay_1h, ${diff('d', 'n', 3)}::FLOAT AS destination_landed_3h,
        ${mean('n', 'l', 1)} AS network_late_share_1h, ${diff('n', 'n', 1)}::FLOAT AS network_landed_1h,
        ${mean('r', 'l', 1)} AS route_late_share_30d
      FROM f ${joins('c_origin', 'f.origin = $.origin AND ', 'minute', edges('o'))}
        ${joins('c_destination', 'f.origin = $.destination AND ', 'minute', edges('i'))}
        ${joins('c_destination', 'f.destination = $.destination AND ', 'minute', edges('d'))}
        ${joins('c_network', '', 'minute', edges('n').slice(0, 2))}
        ${joins('c_route', 'f.origin = $.origin AND f.destination = $.destination AND ', 'hour', [
          ['r0', '0 HOUR'],
          ['r1', '30 DAY'],
        ])}
      ORDER BY f.r) TO '${plain}' (FORMAT parquet, COMPRESSION zstd)`);
  });
  tables.close();
}

async function time(work: () => Promise<void>): Promise<{ seconds: number; cpu: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await work();
  const used = process.cpuUsage(before);
  return { seconds: (performance.now() - started) / 1000, cpu: (used.user + used.system) / 1e6 };
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

const results = {
  houston: [] as Awaited<ReturnType<typeof time>>[],
  plain: [] as Awaited<ReturnType<typeof time>>[],
};
for (let round = 0; round < rounds; round++) {
  results.plain.push(await time(plainScript));
  results.houston.push(await time(houston));
}
const seconds = (side: keyof typeof results) => median(results[side].map((result) => result.seconds));
const cpu = (side: keyof typeof results) => median(results[side].map((result) => result.cpu));

const tables = await createTables();
const differ = names.map(
  (name) => `count(*) FILTER (WHERE h."${name}" IS DISTINCT FROM p."${name}") AS "${name}"`,
);
const [different] = await tables.query<Record<string, number>>(
  `SELECT count(*) AS rows, ${differ.join(', ')} FROM read_parquet('${ours}') h JOIN read_parquet('${plain}') p USING (__row)`,
);
tables.close();
const { rows, ...columns } = different;
const wrong = Object.entries(columns).filter(([, count]) => count > 0);
console.log(
  `${availableParallelism()} threads, 3 GB, ${rows} rows, ${names.length} features, ${rounds} round(s)`,
);
console.log(
  `houston       ${seconds('houston').toFixed(1)} s  (cpu ${cpu('houston').toFixed(1)} s, ${(statSync(ours).size / 1e6).toFixed(0)} MB)`,
);
console.log(`plain script  ${seconds('plain').toFixed(1)} s  (cpu ${cpu('plain').toFixed(1)} s)`);
console.log(`ratio         ${(seconds('plain') / seconds('houston')).toFixed(2)} x`);
console.log(wrong.length === 0 ? 'all values equal' : `values differ: ${JSON.stringify(wrong)}`);
console.log(`peak rss      ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);
rmSync(folder, { recursive: true, force: true });
