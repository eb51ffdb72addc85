import { afterAll, beforeAll, expect, it } from 'vitest';
import { permissions } from '../../src/permissions.ts';
import { createPostgresDatabase, describeOnEachDatabase } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from './send.ts';

/** Numbers that repeat: what fails once fails again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

/** JSON texts of values that no client means to send. */
const odd: readonly string[] = [
  ...['null', '""', '" "', '"x"', '"\\u0000"', '"\\ud800"', '-1', '0', '1.5', '1e308', '1e999', 'true'],
  ...['9007199254740993', '"9223372036854775807"', '"-9223372036854775808"', '"1e+05"', '[]', '{}'],
  ...['[null]', '[[]]', '[1]', '[{}]', '{"a":{}}', '[{"key":5,"value":{}}]', '{"__proto__":{"x":1}}'],
  ...['[{"key":"a","value":"b"},{"key":"a","value":"c"}]', '[{"key":"__proto__","value":"1"}]'],
  ...['"../../etc/passwd"', '"%2e%2e%2f"', '"models:/x"', '"http://[::1"', '"2026-13-45T99:99:99Z"'],
  ...['"\'; drop table x; --"', '"99999999999s"', '"{\\"a\\":"', '"[1,2"', '"a.b = \'x\' AND"'],
  ...['"metrics.`x` > \'a\'"', '"name DESC ASC"', '[{"field_name":"x","ascending":"maybe"}]'],
  ...[JSON.stringify('💥'.repeat(300)), JSON.stringify('é'.repeat(9000)), deep(60), deep(3000)],
  JSON.stringify(
    Array.from({ length: 1100 }, (_, i) => ({ key: `k${i}`, value: '1', timestamp: 1, step: 0 })),
  ),
];

const fields = (
  'name key value version run_id run_uuid experiment_id experiment_ids model_id trace_id request_id ' +
  'max_results page_token filter filter_string order_by tags metrics params datasets models timestamp step ' +
  'start_time end_time status view_type run_view_type stage archive_existing_versions alias source type input ' +
  'queue_id queue_type users schema_id schema_ids item_ids item_id severity root_causes records locations ' +
  'assessment update_mask trace serialized_scorer sample_rate url events secret new_name artifact_location ' +
  'run_ids metric_key metric_name aggregations dimensions time_interval_seconds trace_ids request_ids path'
).split(' ');

const routes = Object.keys(permissions)
  .filter((route) => /^\w+ \/api\/[23]\.0\/mlflow/.test(route))
  .map((route) => route.split(' ') as [string, string]);

describeOnEachDatabase('nonsense on every route of the protocol', (_open, dialect) => {
  let own: TestHouston;
  let drop = async () => {};
  beforeAll(async () => {
    const database = dialect === 'postgres' ? await createPostgresDatabase() : null;
    if (database) drop = database.drop;
    own = await startTestHouston({ ...(database && { database: database.url }) });
  });
  afterAll(async () => {
    await own?.end();
    await drop();
  });

  it('is never an error of the server', async () => {
    const random = seeded(dialect === 'postgres' ? 11 : 7);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const real = await somethingReal(own.url);
    const bodyOf = () => {
      const whole = random();
      if (whole < 0.06) return pick(['', '{', '[]', 'null', '"{}"', '5', '"x"', '\u0000']);
      const pairs = fields.flatMap((field) => {
        const roll = random();
        if (roll < 0.35 && field in real) return [[field, JSON.stringify(real[field])]];
        return roll < 0.5 ? [[field, pick(odd)]] : [];
      });
      return `{${pairs.map(([field, text]) => `${JSON.stringify(field)}:${text}`).join(',')}}`;
    };
    const wrong: string[] = [];
    for (let i = 0; i < 1500; i++) {
      const [method, route] = pick(routes);
      const path = route.replace(/:\w+|\*/g, () =>
        random() < 0.6
          ? String(pick(Object.values(real)))
          : encodeURIComponent(pick(['x', '..', '%2e', '\u0001', 'é'])),
      );
      const body = bodyOf();
      const reply = await send(own.url, method, encodeURI(decodeURI(path)), body);
      if (reply.status >= 500 && reply.status !== 501)
        wrong.push(`${reply.status} ${method} ${path} ${body.slice(0, 300)}`);
      if (reply.status >= 400 && reply.json.error_code === undefined && reply.status !== 404) {
        wrong.push(`no error code: ${reply.status} ${method} ${path} ${reply.body.slice(0, 100)}`);
      }
    }
    expect(wrong).toEqual([]);
  }, 600_000);
});

/** Ids of things that are there, so that calls come further than to the first check. */
async function somethingReal(url: string): Promise<Record<string, unknown>> {
  const post = async (path: string, body: object) =>
    (await send(url, 'POST', `/api/${path}`, JSON.stringify(body))).json as Record<string, never>;
  const { experiment_id } = await post('2.0/mlflow/experiments/create', { name: 'nonsense' });
  const { run } = await post('2.0/mlflow/runs/create', { experiment_id });
  const { run_id } = (run as { info: { run_id: string } }).info;
  const { model } = await post('2.0/mlflow/logged-models', { experiment_id, name: 'm' });
  const { model_id } = (model as { info: { model_id: string } }).info;
  await post('2.0/mlflow/registered-models/create', { name: 'm' });
  const { review_queue } = await post('3.0/mlflow/review-queues/create', {
    experiment_id,
    name: 'q',
    queue_type: 'CUSTOM',
  });
  const trace_id = `tr-${'ab12'.repeat(8)}`;
  await post('3.0/mlflow/traces', {
    trace: {
      trace_info: {
        trace_id,
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } },
        request_time: '2026-11-01T10:00:00Z',
        state: 'OK',
      },
    },
  });
  const { queue_id } = review_queue as { queue_id: string };
  return {
    experiment_id,
    run_id,
    model_id,
    name: 'm',
    trace_id,
    queue_id,
    version: '1',
    key: 'k',
    value: 'v',
  };
}
