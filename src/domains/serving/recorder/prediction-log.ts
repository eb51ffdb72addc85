import { rm as removeLater } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tables } from '../../../platform/tables/index.ts';
import { createIdIndex, type IdIndex } from './id-index.ts';
import { createSpelling, finite, pairLine, writePrediction } from './prediction-lines.ts';
import { idsSql, sealSql } from './prediction-sql.ts';
import {
  dropSuperseded,
  openSegmentLog,
  publishFile,
  readLines,
  type SegmentForm,
  type SegmentLog,
  sealSegment,
  successorOf,
} from './segment-log.ts';
import type { TurnCommit } from './turn-commit.ts';

/** One answered (or refused) request; columns keep the order of its rows. Times in milliseconds. */
export type PredictionRecord = {
  id: string;
  /** The caller chose the id, so it may come again: a retry is marked and left out of every count. */
  isCallersId: boolean;
  time: number;
  revision: string;
  arm: string;
  /** Rollout during which it was answered. */
  rollout: string | null;
  rows: number;
  latencyMs: number;
  computeMs: number;
  /** Event time of each row. */
  eventTimes: ArrayLike<number>;
  /** What the request carried, as JSON text, or null when the feature vector is all of it. */
  inputs: string | null;
  /** Row-major vectors that the model saw, or null when they are too large to keep. */
  features: ArrayLike<number> | null;
  width: number;
  /** One score a row, NaN where the output is invalid; null for a failed request. */
  scores: ArrayLike<number> | null;
  /** The way that each row took through a graph, as a JSON array: one text a row, or one for all. */
  path?: string;
  error: string | null;
  /** The answer came from the cache: nothing was run for it. */
  cached?: boolean;
  /** Requests that it stands for, when not all are kept; 0: a bare one, without what it carried. Default 1. */
  weight?: number;
};

/** The other arm's scores on the same rows, computed off the reply's path. */
export type PairRecord = {
  id: string;
  time: number;
  revision: string;
  rollout: string | null;
  computeMs: number;
  scores: ArrayLike<number> | null;
  error: string | null;
};

export type FeedbackItem = {
  request: string;
  row: number;
  /** The outcome; null says nothing of it. */
  value: number | null;
  /** What it was worth, beside the outcome; null says nothing of it. */
  reward: number | null;
  /** When the outcome became known. */
  time: number;
};

/** The three logs of one deployment: predictions, pairs and feedback. */
export type PredictionLog = {
  readonly deployment: string;
  /** What of a record is written; null: all of it. */
  policy: ((record: PredictionRecord) => PredictionRecord) | null;
  record(record: PredictionRecord): Promise<boolean>;
  pair(record: PairRecord): void;
  feedback(item: FeedbackItem, received: number): Promise<boolean>;
  /** Rows of a request that this deployment answered, or undefined when the id is unknown. */
  rowsOf(requestId: string): number | undefined;
  /** Whether the request was left out of the sample, so that nothing of it is there to be judged. */
  isBare(requestId: string): boolean;
  /** Path of the one file that holds the request, for a lookup by id. */
  fileOf(requestId: string): { path: string; form: 'ndjson' | 'parquet' } | undefined;
  files(kind: LogKind): { open: string[]; sealed: string[] };
  /** Closes full segments and turns closed ones into Parquet. */
  seal(now: number, limits?: SealLimits): Promise<void>;
  /**
   * Closes and seals whatever there is, then lets `change` look at each sealed file and write its successor to `target`.
   * Each file is succeeded as a whole or not at all. Nothing else is sealed or changed meanwhile.
   */
  rewrite(now: number, change: FileChange): Promise<void>;
  sync(): Promise<void>;
  /** Whether files are being sealed or changed. */
  isChanging(): boolean;
  /** Closes its files; a line that comes later opens them again. */
  close(): Promise<void>;
};

/** Says whether it has written a successor; a `removed` file goes without one. */
export type FileChange = (
  kind: LogKind,
  path: string,
  target: string,
) => Promise<'kept' | 'replaced' | 'removed'>;

export type LogKind = 'predictions' | 'pairs' | 'feedback';
export type SealLimits = { bytes: number; ageMs: number; graceMs: number };

/** A segment is sealed at 8 MB or after an hour; its lines stay for the readers of the last half minute. */
export const sealLimits: SealLimits = { bytes: 8 * 1024 * 1024, ageMs: 3_600_000, graceMs: 30_000 };

/** Longer lines would not be read back as one (16 MB); their scores and times are kept without the vectors. */
const longestLine = 8 * 1024 * 1024;
/** Added to the rows of a request in the index when it was left out of the sample. */
const bare = 2 ** 31;
const kinds: readonly LogKind[] = ['predictions', 'pairs', 'feedback'];

/** Opens the logs of one deployment below `folder`, repairs torn tails and rebuilds the id index. */
export function openPredictionLog(
  folder: string,
  deployment: string,
  needs: { tables: Tables; turn: TurnCommit; indexBytes?: number },
): PredictionLog {
  const logs = Object.fromEntries(kinds.map((kind) => [kind, openSegmentLog(join(folder, kind))])) as Record<
    LogKind,
    SegmentLog
  >;
  const index = createIdIndex(needs.indexBytes);
  /** Whether all requests of the open segment have one row, and the closed ones of which this is known. */
  let isSingle = fillIndex(index, logs.predictions);
  const singles = new Set<number>();
  const spell = createSpelling();
  const drops = new Set<NodeJS.Timeout>();
  let sealing: Promise<void> | undefined;
  /** Kinds with closed segments that are perhaps not sealed: looking into folders of thousands of logs takes a while. */
  const unsealed = new Set(kinds);

  const sealAll = async (now: number, limits: SealLimits) => {
    for (const kind of kinds) {
      const log = logs[kind];
      const full = log.rotate(limits, now);
      if (full !== undefined) unsealed.add(kind);
      if (full !== undefined && kind === 'predictions') {
        index.seal(indexPath(log, full));
        if (isSingle) singles.add(full);
        isSingle = true;
      }
      if (!unsealed.has(kind)) continue;
      for (const { number, form } of log.segments()) {
        if (form === 'parquet' || number === log.current()) continue;
        const areSingle = kind === 'predictions' && singles.has(number);
        await sealSegment(log, number, (path) =>
          needs.tables.run(sealSql(kind, log.path(number, 'ndjson'), path, areSingle)),
        );
        if (areSingle) singles.delete(number);
        const drop = setTimeout(() => {
          drops.delete(drop);
          // Freeing megabytes takes the file system a while; requests need not wait for it.
          removeLater(log.path(number, 'ndjson'), { force: true }, () => {});
        }, limits.graceMs);
        drops.add(drop.unref());
      }
      unsealed.delete(kind);
    }
  };

  const rewriteKind = async (kind: LogKind, change: FileChange) => {
    const log = logs[kind];
    for (const { number, form, path } of log.segments()) {
      if (form !== 'parquet') continue;
      const successor = successorOf(path);
      const verdict = await change(kind, path, `${successor}.tmp`);
      if (verdict === 'kept') continue;
      if (verdict === 'replaced') await publishFile(successor);
      await rm(path, { force: true });
      if (kind !== 'predictions') continue;
      const ids = verdict === 'removed' ? null : await needs.tables.query<StoredId>(idsSql(successor));
      index.replace(
        indexPath(log, number),
        ids?.map(({ id, rows, isBare: left }): [string, number] => [id, left ? rows + bare : rows]) ?? null,
      );
    }
  };

  return {
    deployment,
    policy: null,
    record(whole) {
      const record = this.policy === null ? whole : this.policy(whole);
      const isRetry = record.isCallersId && index.isRecent(record.id);
      const { lines } = logs.predictions;
      const start = lines.length;
      writePrediction(lines, record, isRetry, spell);
      if (lines.length - start > longestLine) {
        lines.cut(start);
        writePrediction(lines, { ...record, inputs: null, features: null }, isRetry, spell);
      }
      if (record.rows !== 1) isSingle = false;
      index.add(record.id, isBare(record) ? record.rows + bare : record.rows);
      return needs.turn.commit(logs.predictions);
    },
    pair(record) {
      logs.pairs.append(pairLine(record));
      void needs.turn.commit(logs.pairs);
    },
    feedback({ request, row, value, reward, time }, received) {
      const outcome = value === null ? '' : `,"v":${finite(value)}`;
      const worth = reward === null ? '' : `,"r":${finite(reward)}`;
      logs.feedback.append(
        `{"id":${JSON.stringify(request)},"row":${row}${outcome}${worth},"et":${time},"t":${received}}`,
      );
      return needs.turn.commit(logs.feedback);
    },
    rowsOf(requestId) {
      const rows = index.find(requestId)?.rows;
      return rows === undefined || rows < bare ? rows : rows - bare;
    },
    isBare: (requestId) => (index.find(requestId)?.rows ?? 0) >= bare,
    fileOf(requestId) {
      const found = index.find(requestId);
      if (!found) return undefined;
      const number =
        found.path === undefined ? logs.predictions.current() : Number(/(\d+)\.idx$/.exec(found.path)?.[1]);
      const segment = logs.predictions.segments().find((one) => one.number === number);
      return segment ?? { path: logs.predictions.path(number, 'ndjson'), form: 'ndjson' };
    },
    files(kind) {
      const all = logs[kind].segments();
      const pathsOf = (form: SegmentForm) => all.filter((one) => one.form === form).map(({ path }) => path);
      return { open: pathsOf('ndjson'), sealed: pathsOf('parquet') };
    },
    async seal(now, limits = sealLimits) {
      sealing ??= sealAll(now, limits).finally(() => {
        sealing = undefined;
      });
      await sealing;
    },
    async rewrite(now, change) {
      while (sealing) await sealing;
      sealing = (async () => {
        await sealAll(now, { bytes: 1, ageMs: 0, graceMs: 0 });
        for (const kind of kinds) dropSuperseded(logs[kind]);
        for (const kind of kinds) await rewriteKind(kind, change);
      })().finally(() => {
        sealing = undefined;
      });
      await sealing;
    },
    async sync() {
      await Promise.all(kinds.map((kind) => logs[kind].sync()));
    },
    isChanging: () => sealing !== undefined,
    async close() {
      await sealing?.catch(() => undefined);
      for (const drop of drops) clearTimeout(drop);
      for (const kind of kinds) await logs[kind].close();
    },
  };
}

/** `REQUEST:ROW` into its parts; row 0 when there is none. */
export function splitPredictionId(id: string): { request: string; row: number } {
  const match = /^(.+):(\d{1,7})$/.exec(id);
  return match ? { request: match[1], row: Number(match[2]) } : { request: id, row: 0 };
}

/** The prediction id of one row of a request. */
export function predictionId(request: string, row: number, rows: number): string {
  return rows === 1 ? request : `${request}:${row}`;
}

/** Says whether all requests of the open segment have one row. */
function fillIndex(index: IdIndex, log: SegmentLog): boolean {
  for (const { number } of log.segments()) {
    if (number === log.current()) continue;
    index.attach(indexPath(log, number), () => idsOf(readLines(log, number)));
  }
  let areSingle = true;
  for (const [id, rows] of idsOf(readLines(log, log.current()))) {
    index.add(id, rows);
    if (rows !== 1) areSingle = false;
  }
  return areSingle;
}

function indexPath(log: SegmentLog, segment: number): string {
  return join(log.directory, `${String(segment).padStart(6, '0')}.idx`);
}

function* idsOf(lines: string[]): Iterable<[string, number]> {
  for (const line of lines) {
    const { id, n, w, s } = JSON.parse(line) as { id: string; n: number; w?: number; s?: unknown };
    yield [id, w === 0 && s === undefined ? n + bare : n];
  }
}

type StoredId = { id: string; rows: number; isBare: boolean };

const isBare = ({ weight, scores }: PredictionRecord) => weight === 0 && scores === null;
