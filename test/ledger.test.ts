import { sql } from 'kysely';
import { expect, it } from 'vitest';
import {
  type LedgerEvent,
  listEvents,
  record,
  usedBy,
  verifyLedger,
  why,
} from '../src/platform/ledger/index.ts';
import { hashRow } from '../src/platform/ledger/ledger.model.ts';
import type { Platform } from '../src/platform/platform.ts';
import { transact, withCause } from '../src/platform/scope.ts';
import { describeOnEachDatabase } from './databases.ts';

async function append(platform: Platform, count: number): Promise<LedgerEvent[]> {
  const scope = platform.systemScope('system:test');
  const events: LedgerEvent[] = [];
  for (let i = 1; i <= count; i++) {
    events.push(
      await transact(scope, (tx) =>
        record(tx, {
          type: 'test.thing.made',
          subject: `thing:${i}`,
          data: { i, text: `é"${i}`, share: i / 7 },
        }),
      ),
    );
  }
  return events;
}

const check = (platform: Platform) => verifyLedger(platform.systemScope('system:test'), platform.ledger.book);

describeOnEachDatabase('ledger', (open) => {
  it('chains events and verifies', async () => {
    const platform = await open();
    expect(await check(platform)).toMatchObject({ ok: true, events: 0, firstBad: null });
    const events = await append(platform, 5);
    expect(events.map((event) => event.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(events[3].prev).toBe(events[2].hash);
    platform.ledger.checkpoint();
    expect(await check(platform)).toMatchObject({ ok: true, events: 5, checkpoints: 1, checkpointedUpTo: 5 });
  });

  it('keeps nothing of a transaction that fails', async () => {
    const platform = await open();
    const scope = platform.systemScope('system:test');
    const failing = transact(scope, async (tx) => {
      await record(tx, { type: 'test.thing.made', subject: 'thing:1' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await listEvents(scope)).toEqual([]);
  });

  it('keeps one order when many write at once', async () => {
    const platform = await open();
    const scope = platform.systemScope('system:test');
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        transact(scope, (tx) => record(tx, { type: 'test.thing.made', subject: `thing:${i}` })),
      ),
    );
    expect(await check(platform)).toMatchObject({ ok: true, events: 40 });
  });

  const attacks: Record<
    string,
    { by: (platform: Platform) => Promise<unknown>; seq: number; reason: RegExp }
  > = {
    edit: {
      by: ({ db }) =>
        db.updateTable('ledger_events').set({ data: '{"i":99}' }).where('seq', '=', 4).execute(),
      seq: 4,
      reason: /edited/,
    },
    'an actor that changes': {
      by: ({ db }) => db.updateTable('ledger_events').set({ actor: 'user:x' }).where('seq', '=', 7).execute(),
      seq: 7,
      reason: /edited/,
    },
    delete: {
      by: ({ db }) => db.deleteFrom('ledger_events').where('seq', '=', 6).execute(),
      seq: 6,
      reason: /missing/,
    },
    'delete and close the gap': {
      by: async ({ db }) => {
        await db.deleteFrom('ledger_events').where('seq', '=', 6).execute();
        for (const seq of [7, 8, 9, 10]) {
          await db
            .updateTable('ledger_events')
            .set({ seq: seq - 1 })
            .where('seq', '=', seq)
            .execute();
        }
      },
      seq: 6,
      reason: /follow/,
    },
    insert: {
      by: async ({ db }) => {
        for (const seq of [10, 9, 8, 7, 6, 5]) {
          await db
            .updateTable('ledger_events')
            .set({ seq: seq + 1 })
            .where('seq', '=', seq)
            .execute();
        }
        const row = await db
          .selectFrom('ledger_events')
          .selectAll()
          .where('seq', '=', 4)
          .executeTakeFirstOrThrow();
        await db
          .insertInto('ledger_events')
          .values({ ...row, seq: 5, id: 'evt_inserted' })
          .execute();
      },
      seq: 5,
      reason: /follow|edited/,
    },
    reorder: {
      by: async ({ db }) => {
        await sql`update ledger_events set seq = 1000 where seq = 3`.execute(db);
        await sql`update ledger_events set seq = 3 where seq = 4`.execute(db);
        await sql`update ledger_events set seq = 4 where seq = 1000`.execute(db);
      },
      seq: 3,
      reason: /follow/,
    },
    truncate: {
      by: ({ db }) => db.deleteFrom('ledger_events').where('seq', '>', 7).execute(),
      seq: 8,
      reason: /ends here/,
    },
    'truncate to nothing': {
      by: ({ db }) => db.deleteFrom('ledger_events').execute(),
      seq: 1,
      reason: /ends here/,
    },
    'rewrite with new hashes': { by: rewriteFrom(5), seq: 1, reason: /rewritten/ },
  };

  for (const [name, { by, seq, reason }] of Object.entries(attacks)) {
    it(`names the first bad event after: ${name}`, async () => {
      const platform = await open();
      await append(platform, 10);
      platform.ledger.checkpoint();
      await by(platform);
      const result = await check(platform);
      expect(result.ok).toBe(false);
      expect(result.firstBad?.seq).toBe(seq);
      expect(result.firstBad?.reason).toMatch(reason);
    });
  }

  it('explains a state by causes and lineage', async () => {
    const platform = await open();
    const scope = platform.systemScope('system:test');
    const data = await transact(scope, (tx) =>
      record(tx, { type: 'data.version.created', subject: 'dataset:d@1' }),
    );
    const drift = await transact(scope, (tx) =>
      record(tx, { type: 'monitoring.drift.detected', subject: 'alert:1' }),
    );
    const model = await transact(withCause(scope, drift.id), (tx) =>
      record(tx, {
        type: 'registry.version.registered',
        subject: 'model:m/2',
        uses: ['dataset:d@1', 'dataset:d@1'],
      }),
    );
    await transact(withCause(scope, model.id), (tx) =>
      record(tx, { type: 'serving.rollout.promoted', subject: 'deployment:m', uses: ['model:m/2'] }),
    );
    const graph = await why(scope, 'deployment:m');
    expect(graph.nodes.map((node) => node.event.type)).toEqual([
      'serving.rollout.promoted',
      'registry.version.registered',
      'monitoring.drift.detected',
      'data.version.created',
    ]);
    expect(graph.edges).toHaveLength(4);
    expect((await usedBy(scope, 'dataset:d@1')).map((event) => event.id)).toEqual([model.id]);
    expect(data.uses).toEqual([]);
    await expect(why(scope, 'deployment:none')).rejects.toMatchObject({ code: 'platform.subject.not_found' });
  });

  it('finds events by type, subject, text and page', async () => {
    const platform = await open();
    await append(platform, 12);
    const scope = platform.systemScope('system:test');
    expect(await listEvents(scope, { types: ['test.*'], limit: 5 })).toHaveLength(5);
    for (const other of ['test.th_ng.*', 'test.%.*', 'TEST.*', 'est.*'])
      expect(await listEvents(scope, { types: [other] })).toEqual([]);
    expect(await listEvents(scope, { subject: 'thing:3' })).toHaveLength(1);
    expect(await listEvents(scope, { text: 'THING:12' })).toHaveLength(1);
    expect(await listEvents(scope, { text: '%' })).toHaveLength(0);
    const page = await listEvents(scope, { before: 5, limit: 2 });
    expect(page.map((event) => event.seq)).toEqual([4, 3]);
  });
});

/** An attacker who can compute hashes: edits one event and rehashes all that follow. */
function rewriteFrom(first: number) {
  return async ({ db }: Platform) => {
    const rows = await db.selectFrom('ledger_events').selectAll().orderBy('seq').execute();
    let prev = rows[first - 2].hash;
    for (const row of rows.slice(first - 1)) {
      const hash = hashRow({ ...row, data: '{"forged":true}', prev });
      await db
        .updateTable('ledger_events')
        .set({ data: '{"forged":true}', prev, hash })
        .where('seq', '=', row.seq)
        .execute();
      prev = hash;
    }
  };
}
