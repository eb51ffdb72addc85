import { join } from 'node:path';
import type { ProcessStepContext, ProcessSteps, StepResult } from '../../platform/engines/steps.ts';
import { HoustonError } from '../../platform/errors.ts';
import type { JsonObject } from '../../platform/json.ts';
import {
  createTables,
  parquetSource,
  sqlIdentifier,
  sqlLiteral,
  sqlTimestamp,
  type Tables,
} from '../../platform/tables/index.ts';

export type SplitInput = {
  table: { digest: string; size: number; path: string };
  /** A duration such as `14d`, or a share of the rows. */
  test: string | number;
  validation?: string | number;
  trainWindow?: string;
  gap?: string;
  timeColumn: string;
};

/** Steps that run in a process of their own; no database and no server in here. */
export const processSteps: ProcessSteps = { 'data/split-by-time': splitByTime };

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

const invalid = (message: string) =>
  new HoustonError('data.split.invalid', message, {
    next: 'Name a duration such as 14d or 12h, or a share between 0 and 1, that leaves rows on both sides.',
  });

/** Milliseconds of a duration such as `90s`, `30m`, `12h`, `14d`, `2w`. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim());
  if (!match || Number(match[1]) <= 0) throw invalid(`"${text}" is not a duration.`);
  return Number(match[1]) * units[match[2]];
}

/**
 * Cuts a table by time, so that nothing is trained on what it is tested on: `train` holds the rows before the
 * cut (and, with a gap, none so close before it that its outcome was not known yet), `validation` the stretch
 * before the test rows, `test` the rows from the cut on. Rows of one moment stay together.
 */
async function splitByTime({ input, outputDir, log, progress }: ProcessStepContext): Promise<StepResult> {
  const split = input as unknown as SplitInput;
  const tables = await createTables({ threads: 2, memoryLimit: '1GB', temporaryFolder: outputDir });
  try {
    const cuts = await cutsOf(tables, split);
    const files: Record<string, string> = {};
    const rows: JsonObject = {};
    const parts = partsOf(cuts);
    for (const [i, { name, where }] of parts.entries()) {
      files[name] = join(outputDir, `${name}.parquet`);
      rows[name] = await writePart(tables, split, where, files[name]);
      log(`${name}: ${rows[name]} rows where ${where}`);
      progress((i + 1) / parts.length, name);
      if (rows[name] === 0) throw invalid(`The split leaves no rows for "${name}".`);
    }
    const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
    const boundaries: JsonObject = {
      from: iso(cuts.from),
      train: iso(cuts.trainTo),
      validation: iso(cuts.validation),
      test: iso(cuts.test),
      to: iso(cuts.to),
    };
    return { outputs: { rows, boundaries }, files };
  } finally {
    tables.close();
  }
}

/** Milliseconds: train is [from, trainTo), validation [validation, test), test [test, to]. */
type Cuts = {
  time: string;
  from: number;
  trainTo: number;
  validation: number | null;
  test: number;
  to: number;
};

async function cutsOf(tables: Tables, split: SplitInput): Promise<Cuts> {
  const source = parquetSource([split.table.path]);
  const time = sqlIdentifier(split.timeColumn);
  const [range] = await tables.query<{ a: number | null; b: number | null }>(
    `SELECT min(${time}) AS a, max(${time}) AS b FROM ${source}`,
  );
  if (range.a === null || range.b === null) throw invalid('The table has no rows with a time.');
  /** The first moment of the last stretch of the rows before `end`. */
  const cut = async (stretch: string | number, end: number | null) => {
    const last = end ?? (range.b as number);
    if (typeof stretch === 'string' && !/^\d*\.?\d+$/.test(stretch)) return last - parseDuration(stretch);
    const share = Number(stretch);
    if (!(share > 0 && share < 1)) throw invalid('A share must lie between 0 and 1.');
    const before = end === null ? 'true' : `${time} < ${sqlTimestamp(end)}`;
    const [row] = await tables.query<{ t: number }>(
      `SELECT quantile_disc(${time}, ${1 - share}) AS t FROM ${source} WHERE ${before}`,
    );
    return row.t;
  };
  const test = await cut(split.test, null);
  const validation = split.validation === undefined ? null : await cut(split.validation, test);
  const trainTo = (validation ?? test) - (split.gap === undefined ? 0 : parseDuration(split.gap));
  const from = split.trainWindow === undefined ? range.a : trainTo - parseDuration(split.trainWindow);
  return { time, from: Math.max(from, range.a), trainTo, validation, test, to: range.b };
}

function partsOf({ time, from, trainTo, validation, test }: Cuts): { name: string; where: string }[] {
  const between = (a: number, b: number) => `${time} >= ${sqlTimestamp(a)} AND ${time} < ${sqlTimestamp(b)}`;
  return [
    { name: 'train', where: between(from, trainTo) },
    ...(validation === null ? [] : [{ name: 'validation', where: between(validation, test) }]),
    { name: 'test', where: `${time} >= ${sqlTimestamp(test)}` },
  ];
}

/** Rows of one moment keep the order of the table: what is trained on them is the same to the last bit each time. */
async function writePart(tables: Tables, split: SplitInput, where: string, path: string): Promise<number> {
  const time = sqlIdentifier(split.timeColumn);
  const [row] = await tables.query<{ Count: number }>(
    `COPY (SELECT * FROM ${parquetSource([split.table.path])} WHERE ${where} ORDER BY ${time}, file_row_number) TO ${sqlLiteral(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return row.Count;
}
