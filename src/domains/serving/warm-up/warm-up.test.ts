import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createTables, type Tables } from '../../../platform/tables/index.ts';
import { openPredictionLog, type PredictionLog } from '../recorder/prediction-log.ts';
import { createTurnCommit } from '../recorder/turn-commit.ts';
import type { Runner } from '../runtime/runner.ts';
import type { Datatype, TensorSpec } from '../runtime/tensors.ts';
import { recordedFeeds } from './recorded-feeds.ts';
import { recordedRequests } from './recorded-requests.ts';
import { runRecorded } from './warm-up.ts';

const spec = (name: string, datatype: Datatype, shape: number[]): TensorSpec => ({ name, datatype, shape });

describe('a recorded request as feeds of another model', () => {
  const request = {
    rows: 2,
    values: [1, 2, null, 4, 5, 6],
    inputs: { word: ['a', 'b'] },
  };
  const shapesOf = (inputs: TensorSpec[], of = request) =>
    recordedFeeds(inputs, of)?.map(({ name, shape, data }) => [name, shape, [...data]]) ?? null;

  test('one matrix takes the vectors; a missing number is NaN', () => {
    expect(shapesOf([spec('x', 'FP32', [-1, 3])])).toEqual([['x', [2, 3], [1, 2, Number.NaN, 4, 5, 6]]]);
  });

  test('several inputs take their columns in their order, each in its type, and texts from what was sent', () => {
    const inputs = [spec('a', 'FP64', [-1]), spec('word', 'BYTES', [-1, 1]), spec('b', 'INT64', [-1, 2])];
    expect(shapesOf([inputs[0], { ...inputs[1], shape: [-1] }, inputs[2]])).toEqual([
      ['a', [2], [1, 4]],
      ['word', [2], ['a', 'b']],
      ['b', [2, 2], [2n, 0n, 5n, 6n]],
    ]);
    expect(shapesOf(inputs)?.[1][1]).toEqual([2, 1]);
  });

  test('one free dimension takes what the others leave', () => {
    expect(shapesOf([spec('x', 'FP32', [-1, -1])])?.[0][1]).toEqual([2, 3]);
    expect(shapesOf([spec('a', 'FP32', [-1, 1]), spec('b', 'FP32', [-1, -1])])?.[1][1]).toEqual([2, 2]);
    expect(shapesOf([spec('x', 'FP32', [-1, -1, -1])])).toBeNull();
  });

  test.each([
    ['another width', [spec('x', 'FP32', [-1, 4])]],
    ['fewer columns', [spec('x', 'FP32', [-1, 2])]],
    ['a fixed count of rows', [spec('x', 'FP32', [5, 3])]],
    ['a text that was not sent', [spec('x', 'FP32', [-1, 3]), spec('other', 'BYTES', [-1])]],
    ['texts of another count', [spec('x', 'FP32', [-1, 3]), spec('word', 'BYTES', [-1, 2])]],
  ])('%s does not fit', (_what, inputs) => {
    expect(recordedFeeds(inputs, request)).toBeNull();
  });

  test('vectors that were not recorded do not fit either', () => {
    expect(recordedFeeds([spec('x', 'FP32', [-1, 3])], { ...request, values: null })).toBeNull();
  });
});

describe('the last recorded requests', () => {
  let tables: Tables;
  const folder = mkdtempSync(join(tmpdir(), 'houston-warm-'));
  beforeAll(async () => {
    tables = await createTables({ threads: 1 });
  });
  afterAll(() => {
    tables.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (name: string) =>
    openPredictionLog(join(folder, name), 'd', { tables, turn: createTurnCommit(() => {}) });
  const record = (log: PredictionLog, time: number, rows: number, more: object = {}) =>
    log.record({
      id: `r${time}`,
      isCallersId: false,
      time,
      revision: 'rev_1',
      arm: 'champion',
      rollout: null,
      rows,
      latencyMs: 1,
      computeMs: 1,
      eventTimes: new Array<number>(rows).fill(time),
      inputs: `{"word":${JSON.stringify(new Array<string>(rows).fill(`"n":${time}`))}}`,
      features: new Float32Array(rows).fill(time),
      width: 1,
      scores: new Float64Array(rows),
      error: null,
      ...more,
    });
  const read = async (log: PredictionLog, most: number) =>
    (await recordedRequests(log, tables, most)).map(({ rows, values }) => [rows, values?.[0]]);

  test('the newest of each count of rows first, then the newest; failed ones never', async () => {
    const log = open('open');
    expect(await read(log, 4)).toEqual([]);
    for (const [time, rows] of [1, 7, 1, 64, 1, 1].entries()) await record(log, time + 1, rows);
    await record(log, 9, 3, { error: 'The model failed on this request.', scores: null });
    expect(await read(log, 5)).toEqual([
      [1, 6],
      [64, 4],
      [7, 2],
      [1, 5],
      [1, 3],
    ]);
    expect((await recordedRequests(log, tables, 1))[0]).toMatchObject({
      rows: 1,
      inputs: { word: ['"n":6'] },
    });
    await log.close();
  });

  test('a request longer than the first look is found by the second', async () => {
    const log = open('long');
    await record(log, 1, 20_000);
    expect(await read(log, 4)).toEqual([[20_000, 1]]);
    await log.close();
  });

  test('sealed ones are read where there are no others', async () => {
    const log = open('sealed');
    for (const [time, rows] of [20, 1, 1].entries()) await record(log, time + 1, rows);
    await log.seal(10, { bytes: 1, ageMs: 0, graceMs: 0 });
    expect(await read(log, 2)).toEqual([
      [1, 3],
      [20, 1],
    ]);
    expect((await recordedRequests(log, tables, 1))[0].inputs).toEqual({ word: ['"n":3'] });
    await log.close();
  });
});

describe('the time for it', () => {
  const requests = [64, 1, 8].map((rows) => ({
    rows,
    values: new Array<number>(rows).fill(1),
    inputs: null,
  }));
  /** A runner that takes so long for each row, and keeps the counts of rows that it was asked for. */
  const slow = (rowMs: number) => {
    const asked: number[] = [];
    const runner: Runner = {
      placement: 'worker',
      inputs: [spec('x', 'FP32', [-1, 1])],
      outputs: [],
      parallel: 1,
      run: ([feed]) => {
        asked.push(feed.shape[0]);
        return new Promise((resolve) => setTimeout(() => resolve([]), rowMs * feed.shape[0]));
      },
      close: async () => {},
    };
    return { asked, runner };
  };

  test('the smallest run first, and none begins that would end too late', async () => {
    vi.useFakeTimers();
    const { asked, runner } = slow(10);
    const warming = runRecorded(runner, 10, requests, performance.now() + 300);
    await vi.advanceTimersByTimeAsync(1000);
    const warmedOn = await warming;
    vi.useRealTimers();
    expect(asked).toEqual([1, 8]);
    expect(warmedOn).toEqual({ requests: 2, rows: 9 });
  });

  test('a run that hangs is not waited for', async () => {
    vi.useFakeTimers();
    const { runner } = slow(60_000);
    const warming = runRecorded(runner, 0, requests, performance.now() + 30);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await warming).toEqual({ requests: 0, rows: 0 });
    vi.useRealTimers();
  });
});
