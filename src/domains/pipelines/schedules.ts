import { Cron } from 'croner';
import type { Db } from '../../platform/db/database.ts';
import type { Json, JsonObject } from '../../platform/json.ts';
import { errorText } from '../../platform/log.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { type Definition, listDefinitions } from './definitions/definitions.store.ts';
import { interpolate } from './expressions/evaluator.ts';
import { startRun } from './runs/runs.service.ts';

type Schedule = {
  pipeline: string;
  cron: string;
  timezone: string;
  catchup: 'none' | 'last' | 'all';
  params: JsonObject;
  /** It has been declared since. */
  since: number;
};

const mostCaughtUp = 100;

/** The fires of a schedule after `from` up to `until`, oldest first; at most the newest hundred. */
export function firesBetween(cron: string, timezone: string, from: number, until: number): number[] {
  const calculator = new Cron(cron, { timezone, paused: true });
  const fires: number[] = [];
  for (let next = calculator.nextRun(new Date(from)); next && next.getTime() <= until; ) {
    fires.push(next.getTime());
    if (fires.length > mostCaughtUp) fires.shift();
    next = calculator.nextRun(next);
  }
  return fires;
}

/** Which of the due fires happen: those missed before `started` follow the catch-up policy. */
export function firesToTake(
  fires: readonly number[],
  catchup: Schedule['catchup'],
  started: number,
): number[] {
  const missed = fires.filter((time) => time < started);
  const fresh = fires.slice(missed.length);
  const caughtUp = { none: [], last: missed.slice(-1), all: missed }[catchup];
  return [...caughtUp, ...fresh];
}

/** Starts the runs that are due. Each fire is a row whose key is unique, so it happens once on any number of servers. */
export async function fireDue(scope: Scope, started: number): Promise<void> {
  const now = scope.now();
  for (const schedule of schedulesOf(await listDefinitions(scope.db))) {
    try {
      const last = (await lastFire(scope.db, schedule)) ?? schedule.since;
      const fires = firesBetween(schedule.cron, schedule.timezone, last, now);
      for (const time of firesToTake(fires, schedule.catchup, started)) await fire(scope, schedule, time);
    } catch (error) {
      scope.log.error('pipelines: a schedule failed', {
        pipeline: schedule.pipeline,
        error: errorText(error),
      });
    }
  }
}

function schedulesOf(definitions: readonly Definition[]): Schedule[] {
  return definitions.flatMap(({ pipeline, spec, createdAt }) =>
    [spec.on?.schedule ?? []].flat().map(({ cron, timezone = 'UTC', catchup = 'last', params = {} }) => ({
      pipeline,
      cron,
      timezone,
      catchup,
      params: params as JsonObject,
      since: createdAt,
    })),
  );
}

async function lastFire(db: Db, { pipeline, cron }: Schedule): Promise<number | null> {
  const row = await db
    .selectFrom('pipelines_schedule_fires')
    .select((eb) => eb.fn.max('fire_at').as('last'))
    .where('pipeline', '=', pipeline)
    .where('cron', '=', cron)
    .executeTakeFirst();
  return row?.last ?? null;
}

function fire(scope: Scope, schedule: Schedule, time: number): Promise<void> {
  const { pipeline, cron, catchup } = schedule;
  return transact(scope, async (tx) => {
    const taken = await tx.db
      .insertInto('pipelines_schedule_fires')
      .values({ pipeline, cron, fire_at: time, run_id: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning('fire_at')
      .executeTakeFirst();
    if (!taken) return;
    const event = { type: 'schedule', time: new Date(time).toISOString(), data: { cron } };
    const params = interpolate(schedule.params as Json, { values: { event } }) as JsonObject;
    // To catch up on all means a run for each: they must not become one in the queue.
    const key = catchup === 'all' ? `schedule:${cron}@${time}` : `schedule:${cron}`;
    const run = await startRun(tx, { pipeline, params, trigger: { kind: 'schedule', key } });
    await tx.db
      .updateTable('pipelines_schedule_fires')
      .set({ run_id: run.id })
      .where('pipeline', '=', pipeline)
      .where('cron', '=', cron)
      .where('fire_at', '=', time)
      .execute();
  });
}
