import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { people, peopleRequest } from '../../../../test/serving/feature-service.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { startServing } from '../../../../test/serving/serving-server.ts';

type Server = Awaited<ReturnType<typeof startServing>>;
const day = 86_400_000;

async function serve(spec: object, options: { now?: () => number; dataDir?: string } = {}): Promise<Server> {
  const server = await startServing({ features: people, ...options });
  await server.registry.add(server.platform, 'm', logisticModel({ weights: [1, 0] }), 'people@bbbbbbbbbbbb');
  const put = await server.call('PUT', '/api/serving/deployments/m', { model: 'm', ...spec });
  expect(put.status).toBe(200);
  const deployed = await server.call('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });
  expect(deployed.status).toBe(200);
  return server;
}

const ask = (server: Server, rows: { customer: string; email: string; x: number }[], id?: string) =>
  server.call('POST', '/v2/models/m/infer', peopleRequest(rows, id === undefined ? {} : { id }));
const sql = async (server: Server, text: string) =>
  (await server.call('POST', '/api/serving/deployments/m/query', { sql: text })).body.rows;

/** Files below a folder that hold a text in any form that the server might write. Parquet is read, too. */
async function filesWith(server: Server, text: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const status = statSync(path, { throwIfNoEntry: false });
      // What has gone since the folder was listed holds nothing.
      if (!status) continue;
      if (status.isDirectory()) await walk(path);
      else if (readFileSync(path).includes(text)) found.push(path);
      else if (name.endsWith('.parquet')) {
        const [{ n }] = await server.platform.tables.query<{ n: number }>(
          `SELECT count(*) AS n FROM read_parquet('${path}') t WHERE contains(t::VARCHAR, '${text}')`,
        );
        if (n > 0) found.push(path);
      }
    }
  };
  await walk(server.platform.config.dataDir);
  return found;
}

test('what is redacted never reaches a file, and a misspelt field is refused', async () => {
  const server = await serve({ recording: { fields: { email: 'drop', customer: 'hash' } } });
  try {
    await ask(server, [{ customer: 'zaphod-4711', email: 'zaphod@example.org', x: 3 }], 'z');
    await server.domains.serving.predictionsSql(server.scope, 'm');
    expect(await filesWith(server, 'zaphod')).toEqual([]);
    const { body } = await server.call('GET', '/api/serving/predictions/z');
    expect(body.inputs.customer).toMatch(/^hmac:/);
    expect(body.inputs.email).toBeUndefined();
    expect(body.inputs.x).toBe(3);
    const wrong = await server.call('PUT', '/api/serving/deployments/m', {
      model: 'm',
      recording: { fields: { emial: 'drop' } },
    });
    expect(wrong).toMatchObject({
      status: 422,
      body: { error: { code: 'serving.recording.field_unknown' } },
    });
    // The hash still finds the person.
    const plan = await server.call('POST', '/api/serving/deployments/m/erasures', {
      entity: { customer: 'zaphod-4711' },
    });
    expect(plan.body.plan.predictions).toBe(1);
  } finally {
    await server.close();
  }
});

test('outside the sample a request still counts, and its feedback is told so', async () => {
  const server = await serve({ recording: { sample: 0.3 }, entity: ['customer'] });
  try {
    for (let i = 0; i < 60; i++) await ask(server, [{ customer: `c${i}`, email: 'e', x: i }], `s${i}`);
    const [[rows, whole, weight]] = await sql(
      server,
      'SELECT count(*), count(score), sum(weight) FROM predictions',
    );
    expect(rows).toBe(60);
    expect(whole).toBeGreaterThan(5);
    expect(whole).toBeLessThan(40);
    expect(weight).toBeCloseTo(whole / 0.3, 6);
    const bare = await sql(
      server,
      'SELECT prediction_id, customer, email FROM predictions WHERE weight = 0 LIMIT 1',
    );
    expect(bare[0][1]).toMatch(/^c/);
    expect(bare[0][2]).toBeNull();
    const items = Array.from({ length: 60 }, (_, i) => ({ id: `s${i}`, value: 1 }));
    const told = await server.call('POST', '/api/serving/feedback', {
      items: [...items, { id: 'never', value: 1 }],
    });
    expect(told.body).toMatchObject({ accepted: whole, unknown: ['never'] });
    expect(told.body.unsampled).toHaveLength(60 - whole);
    expect(told.body.unsampled).toContain(bare[0][0]);
  } finally {
    await server.close();
  }
});

test('retention removes old rows and old fields from sealed files, says so before, and counts in the ledger', async () => {
  let now = Date.UTC(2026, 0, 1);
  const server = await serve(
    {
      recording: {
        retentionDays: 30,
        fields: { email: { retentionDays: 7 }, squared: { retentionDays: 7 } },
      },
    },
    { now: () => now },
  );
  try {
    // The daily run would come due as this clock jumps, and share the counts with the one that is asked for.
    for (const { id, kind } of await server.platform.jobs.list(server.scope))
      if (kind === 'serving/retention') await server.platform.jobs.cancel(server.scope, id);
    await ask(server, [{ customer: 'old', email: 'old@example.org', x: 1 }], 'old');
    now += 25 * day;
    await ask(server, [{ customer: 'mid', email: 'mid@example.org', x: 2 }], 'mid');
    await server.call('POST', '/api/serving/feedback', { items: [{ id: 'mid', value: 1 }] });
    now += 8 * day;
    await ask(server, [{ customer: 'new', email: 'new@example.org', x: 3 }], 'new');
    const plan = await server.call('POST', '/api/serving/deployments/m/retention', {});
    expect(plan.body.plan).toMatchObject({ predictions: 1, feedback: 0, fields: { email: 1, squared: 1 } });
    expect((await server.call('GET', '/api/serving/predictions/old')).status).toBe(200);
    const done = await server.call('POST', '/api/serving/deployments/m/retention', { delete: true });
    expect(done.status).toBe(202);
    await server.platform.jobs.idle();
    expect(await filesWith(server, 'old@example')).toEqual([]);
    expect(await filesWith(server, 'mid@example')).toEqual([]);
    expect(await filesWith(server, 'new@example')).toHaveLength(1);
    expect((await server.call('GET', '/api/serving/predictions/old')).status).toBe(404);
    expect((await server.call('GET', '/api/serving/predictions/mid')).body).toMatchObject({
      inputs: { customer: 'mid', x: 2 },
      features: { x: 2, squared: null },
      label: 1,
    });
    expect(
      (await server.call('POST', '/api/serving/feedback', { items: [{ id: 'old', value: 1 }] })).body.unknown,
    ).toEqual(['old']);
    const events = await server.call('GET', '/api/ledger/events?type=serving.records.expired');
    expect(events.body.items[0].data).toMatchObject({ predictions: 1, fields: { email: 1, squared: 1 } });
    expect((await server.call('POST', '/api/serving/deployments/m/retention', {})).body.plan).toMatchObject({
      predictions: 0,
      fields: { email: 0 },
    });
  } finally {
    await server.close();
  }
});

test('erasing a person: nothing of them is left in any file, and everybody else is as before', async () => {
  const server = await serve({ entity: ['customer'] });
  const person = 'trillian-9093';
  try {
    const her = (x: number) => ({ customer: person, email: 'trillian-9093@example.org', x });
    await ask(server, [her(1)], 'trillian-9093-order');
    await ask(server, [{ customer: 'ford', email: 'ford@example.org', x: 5 }, her(2)], 'both');
    await ask(server, [{ customer: 'ford', email: 'ford@example.org', x: 6 }], 'f');
    await server.call('POST', '/api/serving/feedback', {
      items: [
        { id: 'trillian-9093-order', value: 1 },
        { id: 'both:0', value: 1 },
        { id: 'both:1', value: 0 },
      ],
    });
    expect(
      (await server.call('POST', '/api/serving/deployments/m/erasures', { entity: { nobody: 1 } })).body.error
        .code,
    ).toBe('serving.erasure.entity_invalid');
    const plan = await server.call('POST', '/api/serving/deployments/m/erasures', {
      entity: { customer: person },
    });
    expect(plan).toMatchObject({
      status: 200,
      body: { plan: { predictions: 2, requests: 1, feedback: 2, pairs: 0 }, notes: [] },
    });
    expect((await filesWith(server, person)).length).toBeGreaterThan(0);
    const started = await server.call('POST', '/api/serving/deployments/m/erasures', {
      entity: { customer: person },
      delete: true,
    });
    expect(started.status).toBe(202);
    await server.platform.jobs.idle();
    expect(await filesWith(server, person)).toEqual([]);
    const state = await server.call('GET', `/api/serving/deployments/m/erasures/${started.body.erasure}`);
    expect(state.body).toMatchObject({ state: 'done', result: { predictions: 2, requests: 1, feedback: 2 } });
    expect((await server.call('GET', '/api/serving/predictions/trillian-9093-order')).status).toBe(404);
    expect((await server.call('GET', '/api/serving/predictions/both:0')).body).toMatchObject({
      inputs: { customer: 'ford', x: 5 },
      features: { x: 5 },
      label: 1,
    });
    expect((await server.call('GET', '/api/serving/predictions/both:1')).body).toMatchObject({
      inputs: { customer: null, x: null },
      features: {},
      score: null,
      label: null,
    });
    expect(
      await sql(server, 'SELECT count(*), count(score), count(*) FILTER (WHERE erased) FROM predictions'),
    ).toEqual([[4, 2, 2]]);
    const events = await server.call('GET', '/api/ledger/events?type=serving.records.erased');
    expect(JSON.stringify(events.body)).not.toContain(person);
    expect(events.body.items[0].data).toMatchObject({ columns: ['customer'], counts: { predictions: 2 } });
    // Again: there is nobody to be found, and nothing changes.
    const again = await server.call('POST', '/api/serving/deployments/m/erasures', {
      entity: { customer: person },
    });
    expect(again.body.plan).toMatchObject({ predictions: 0, feedback: 0 });
  } finally {
    await server.close();
  }
});

test('what two tries of retention removed is one event', async () => {
  let now = Date.UTC(2026, 0, 1);
  const recording = { fields: { email: { retentionDays: 7 } } };
  const server = await serve({ recording }, { now: () => now });
  const { tables, jobs } = server.platform;
  const retention = async () => {
    await server.call('POST', '/api/serving/deployments/m/retention', { delete: true });
    await jobs.idle();
  };
  const expired = async () =>
    (await server.call('GET', '/api/ledger/events?type=serving.records.expired')).body.items;
  const { run } = tables;
  try {
    for (const id of ['one', 'two', 'three']) {
      await ask(server, [{ customer: id, email: `${id}@example.org`, x: 1 }], id);
      // It seals what there is, so that there are three files.
      await retention();
    }
    now += 8 * day;
    let writes = 0;
    tables.run = async (statement) => {
      if (/TO '.*\.tmp'/.test(statement) && ++writes === 2) throw new Error('The disk is full.');
      return run(statement);
    };
    await retention();
    const tryAgain = async () => {
      now += 600_000;
      await retention();
      return expired();
    };
    await expect.poll(tryAgain, { timeout: 30_000 }).toHaveLength(1);
    expect((await expired())[0].data.fields).toEqual({ email: 3 });
    expect(await filesWith(server, '@example')).toEqual([]);
  } finally {
    tables.run = run;
    await server.close();
  }
});

test('a person is erased from the log of a deployment that was removed, also after a restart', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-erasure-'));
  const person = 'slartibartfast';
  try {
    const server = await serve({ entity: ['customer'] }, { dataDir });
    await ask(server, [{ customer: person, email: `${person}@example.org`, x: 1 }]);
    await server.call('DELETE', '/api/serving/deployments/m');
    await server.close();
    const again = await startServing({ features: people, dataDir });
    const erase = (deployment: string) =>
      again.call('POST', `/api/serving/deployments/${deployment}/erasures`, {
        entity: { customer: person },
        delete: true,
      });
    expect((await erase('never')).status).toBe(404);
    expect(await erase('m')).toMatchObject({ status: 202, body: { plan: { predictions: 1 } } });
    await again.platform.jobs.idle();
    expect(await filesWith(again, person)).toEqual([]);
    await expect.poll(() => again.domains.serving.stats().openLogs, { timeout: 30_000 }).toBe(0);
    await again.close();
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('vectors that are packed as bytes lose columns and rows alike', async () => {
  let now = Date.UTC(2026, 0, 1);
  const server = await startServing({ now: () => now });
  try {
    const weights = Array.from({ length: 20 }, () => 0.1);
    await server.registry.add(server.platform, 'w', logisticModel({ weights }));
    const fields = { 'features[0]': { retentionDays: 7 }, 'features[19]': 'drop' };
    await server.call('PUT', '/api/serving/deployments/w', { model: 'w', recording: { fields } });
    expect((await server.call('POST', '/api/serving/deployments/w/deploy', { model: 'w:1' })).status).toBe(
      200,
    );
    const row = (first: number, second: number) => [first, second, ...weights.slice(2)];
    await server.infer('w', [row(77, 5), row(78, 6)], { id: 'old' });
    const vectors = async () => {
      const { body } = await server.call('POST', '/api/serving/deployments/w/query', {
        sql: 'SELECT "features[0]", "features[1]", "features[19]" FROM predictions ORDER BY time, row_index',
      });
      return body.rows ?? body.error;
    };
    expect(await vectors()).toEqual([
      [77, 5, null],
      [78, 6, null],
    ]);
    now += 8 * day;
    await server.infer('w', [row(79, 5)], { id: 'new' });
    await server.call('POST', '/api/serving/deployments/w/retention', { delete: true });
    await server.platform.jobs.idle();
    expect(await vectors()).toEqual([
      [null, 5, null],
      [null, 6, null],
      [79, 5, null],
    ]);
    const erased = await server.call('POST', '/api/serving/deployments/w/erasures', {
      entity: { 'features[1]': 5 },
      delete: true,
    });
    expect(erased.body.plan).toMatchObject({ predictions: 2, requests: 1 });
    await server.platform.jobs.idle();
    expect(await vectors()).toEqual([
      [null, null, null],
      [null, 6, null],
      [null, null, null],
    ]);
    // What the log does not keep cannot be explained, and that is what is said.
    const asked = await server.call('POST', '/api/serving/predictions/old:1/explanation', {});
    expect(asked.body.error).toMatchObject({ code: 'serving.explanation.not_recorded' });
  } finally {
    await server.close();
  }
});

test('an erasure that is killed again and again ends whole', { timeout: 600_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-erasure-'));
  const person = 'marvin-0042';
  try {
    const server = await serve({ entity: ['customer'], recording: { retentionDays: 30_000 } }, { dataDir });
    for (let file = 0; file < 6; file++) {
      const hers = { customer: person, email: `${person}@example.org`, x: 1 };
      for (let i = 0; i < 5; i++) {
        await ask(server, [hers, { customer: 'ford', email: 'f@example.org', x: i }], `two-${file}-${i}`);
        await ask(server, [hers], `one-${file}-${i}`);
      }
      const items = [
        { id: `two-${file}-0:0`, value: 1 },
        { id: `two-${file}-0:1`, value: 1 },
      ];
      await server.call('POST', '/api/serving/feedback', { items });
      // A run of retention seals what there is, so that there are many files.
      await server.call('POST', '/api/serving/deployments/m/retention', { delete: true });
      await server.platform.jobs.idle();
    }
    await server.close();
    for (let round = 0; round < 5; round++) {
      const args = round === 0 ? [dataDir, person] : [dataDir];
      const child = fork(new URL('../../../../test/serving/erase-until-killed.ts', import.meta.url), args, {
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      await once(child, 'message');
      await pause(round * 40);
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const again = await startServing({ features: people, dataDir });
    await again.platform.jobs.idle();
    expect(await filesWith(again, person)).toEqual([]);
    const rows = await sql(
      again,
      "SELECT count(*), count(*) FILTER (WHERE erased), count(*) FILTER (WHERE customer = 'ford' AND score IS NOT NULL), count(label) FROM predictions",
    );
    expect(rows).toEqual([[90, 60, 30, 6]]);
    const events = await again.call('GET', '/api/ledger/events?type=serving.records.erased');
    expect(events.body.items).toHaveLength(1);
    await again.close();
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
