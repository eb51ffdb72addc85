import type { Db, Migration } from '../../../platform/db/database.ts';

/** In which trace a prediction was made; kept as long as traces of serving are. */
export type PredictionTraceRow = { prediction_id: string; trace_id: string; at: number };

declare module '../../../platform/db/database.ts' {
  interface Database {
    serving_prediction_traces: PredictionTraceRow;
  }
}

export const predictionTracesMigration: Migration = {
  name: 'serving-020-prediction-traces',
  async up(db) {
    await db.schema
      .createTable('serving_prediction_traces')
      .addColumn('prediction_id', 'text', (column) => column.primaryKey())
      .addColumn('trace_id', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createIndex('serving_prediction_traces_by_time')
      .on('serving_prediction_traces')
      .columns(['at'])
      .execute();
  },
};

/** Keeps where predictions were made; an id that comes again is the newest. */
export async function putPredictionTraces(db: Db, rows: readonly PredictionTraceRow[]): Promise<void> {
  const newest = [...new Map(rows.map((row) => [row.prediction_id, row])).values()];
  if (newest.length === 0) return;
  await db
    .insertInto('serving_prediction_traces')
    .values(newest)
    .onConflict((conflict) =>
      conflict.column('prediction_id').doUpdateSet((given) => ({
        trace_id: given.ref('excluded.trace_id'),
        at: given.ref('excluded.at'),
      })),
    )
    .execute();
}

/** The trace of a request, as `tr-…`. */
export async function findPredictionTrace(db: Db, predictionId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('serving_prediction_traces')
    .select('trace_id')
    .where('prediction_id', '=', predictionId)
    .executeTakeFirst();
  return row?.trace_id;
}

/** Forgets where these requests were made. */
export async function removePredictionTraces(db: Db, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += 500) {
    await db
      .deleteFrom('serving_prediction_traces')
      .where('prediction_id', 'in', ids.slice(start, start + 500))
      .execute();
  }
}

/** Forgets all but the newest `keep`. */
export async function trimPredictionTraces(db: Db, keep: number): Promise<void> {
  const oldest = await db
    .selectFrom('serving_prediction_traces')
    .select('at')
    .orderBy('at', 'desc')
    .offset(keep)
    .limit(1)
    .executeTakeFirst();
  if (oldest) await db.deleteFrom('serving_prediction_traces').where('at', '<=', oldest.at).execute();
}
