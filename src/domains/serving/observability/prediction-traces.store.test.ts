import { expect, test } from 'vitest';
import { describeOnEachDatabase } from '../../../../test/databases.ts';
import * as store from './prediction-traces.store.ts';

describeOnEachDatabase('traces of predictions', (open) => {
  test('are found by prediction, the newest of an id, and trimmed from the oldest on', async () => {
    const { db } = await open([store.predictionTracesMigration]);
    const row = (id: string, trace: string, at: number) => ({ prediction_id: id, trace_id: trace, at });
    await store.putPredictionTraces(db, []);
    await store.putPredictionTraces(db, [row('a', 'tr-1', 1), row('b', 'tr-2', 2), row('a', 'tr-3', 3)]);
    await store.putPredictionTraces(db, [row('c', 'tr-4', 4)]);
    expect(await store.findPredictionTrace(db, 'a')).toBe('tr-3');
    expect(await store.findPredictionTrace(db, 'nobody')).toBeUndefined();
    await store.trimPredictionTraces(db, 2);
    const left = await Promise.all(['a', 'b', 'c'].map((id) => store.findPredictionTrace(db, id)));
    expect(left).toEqual(['tr-3', undefined, 'tr-4']);
    await store.trimPredictionTraces(db, 10);
    expect(await store.findPredictionTrace(db, 'a')).toBe('tr-3');
    await store.removePredictionTraces(db, ['a', 'nobody', ...Array.from({ length: 600 }, (_, i) => `${i}`)]);
    expect(await store.findPredictionTrace(db, 'a')).toBeUndefined();
    expect(await store.findPredictionTrace(db, 'c')).toBe('tr-4');
  });
});
