import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { dataFolder } from '../../../platform/config.ts';
import { platformError } from '../../../platform/errors.ts';
import { authorise, type Scope } from '../../../platform/scope.ts';
import { type Row, sqlLiteral } from '../../../platform/tables/index.ts';
import { getDeployment } from '../deployments.service.ts';
import type { RolloutController } from '../rollouts/controller.ts';
import { parseTime } from '../routing/request-rows.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import type { FeedbackFileReplyBody } from './feedback.contract.ts';
import { acceptFeedback, type Feedback, type GivenFeedback, toFeedback } from './feedback.service.ts';

export type FeedbackFormat = 'csv' | 'ndjson' | 'parquet';
type FileQuery = { deployment?: string; windowHours?: number };

const mostBytes = 512 * 1024 * 1024;
const batchRows = 20_000;
const mostExamples = 100;

/**
 * Takes outcomes from a file with the columns `id`, or those of the deployment's entity, and `value` (or `label`),
 * `reward`, `time`, `deployment`. It is taken in batches: what was accepted before a failure stays, and sending the
 * file again changes nothing.
 * @throws serving.feedback.invalid, …not_written, platform.body.too_large
 */
export async function acceptFeedbackFile(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  content: Readable,
  format: FeedbackFormat,
  query: FileQuery,
): Promise<FeedbackFileReplyBody> {
  authorise(scope, 'serving.feedback');
  const entity =
    query.deployment === undefined ? [] : ((await getDeployment(scope, query.deployment)).spec.entity ?? []);
  const path = join(dataFolder(scope.platform.config, 'tmp'), `feedback-${randomUUID()}.${format}`);
  try {
    await pipeline(limited(content), createWriteStream(path, { mode: 0o600 }));
    return await state.platform.tables.session(async (session) => {
      await session.run(`CREATE TEMP TABLE given AS SELECT * FROM ${sourceOf(path, format)}`).catch(() => {
        throw invalid(`The file is no ${format === 'ndjson' ? 'NDJSON' : format} that can be read.`);
      });
      const names = (await session.query<{ column_name: string }>('DESCRIBE given')).map(
        (row) => row.column_name,
      );
      checkColumns(names, entity);
      const reply: FeedbackFileReplyBody = { rows: 0, accepted: 0, unknown: 0, unsampled: 0, examples: [] };
      const now = scope.now();
      for (let start = 0; ; start += batchRows) {
        const rows = await session.query(`SELECT * FROM given LIMIT ${batchRows} OFFSET ${start}`);
        const items = rows.map((row, i) => itemOf(row, entity, start + i + 1, query.deployment, now));
        const { accepted, unknown, unsampled } = await acceptFeedback(
          state,
          controller,
          scope,
          items,
          query.windowHours,
        );
        reply.rows += rows.length;
        reply.accepted += accepted;
        reply.unknown += unknown.length;
        reply.unsampled += unsampled.length;
        reply.examples.push(...unknown.slice(0, mostExamples - reply.examples.length));
        if (rows.length < batchRows) return reply;
      }
    });
  } finally {
    await rm(path, { force: true });
  }
}

const invalid = (message: string) => servingError('serving.feedback.invalid', message);

async function* limited(content: Readable): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw platformError('platform.body.too_large', 'The file is larger than 512 MB.');
    yield chunk;
  }
}

/** Texts stay as they are written; numbers and times are read by the same rules as in JSON. */
function sourceOf(path: string, format: FeedbackFormat): string {
  const file = sqlLiteral(path);
  if (format === 'parquet') return `read_parquet(${file})`;
  if (format === 'csv') return `read_csv(${file}, header = true, all_varchar = true)`;
  return `read_json(${file}, format = 'newline_delimited')`;
}

function checkColumns(names: readonly string[], entity: readonly string[]): void {
  const hasId = names.includes('id');
  const hasEntity = entity.length > 0 && entity.every((name) => names.includes(name));
  if (!hasId && !hasEntity) {
    const also = entity.length > 0 ? `, or the columns ${entity.join(', ')}` : '';
    throw invalid(`The file has the columns ${names.join(', ')}; it needs "id"${also}.`);
  }
  if (!names.some((name) => ['value', 'label', 'reward'].includes(name)))
    throw invalid('The file has neither a column "value" nor "label" nor "reward".');
}

function itemOf(
  row: Row,
  entity: readonly string[],
  line: number,
  deployment: string | undefined,
  now: number,
): Feedback {
  const number = (name: string): number | undefined => {
    const value = row[name];
    if (value === null || value === undefined || value === '') return undefined;
    const text = String(value).trim().toLowerCase();
    const read = text === 'true' ? 1 : text === 'false' ? 0 : Number(text);
    if (Number.isFinite(read)) return read;
    throw invalid(`Row ${line} of the file has a ${name} that is no number.`);
  };
  const hasId = row.id !== null && row.id !== undefined && row.id !== '';
  const value = number('value') ?? number('label');
  const reward = number('reward');
  const given: GivenFeedback = {
    ...(hasId
      ? { id: String(row.id) }
      : { entity: Object.fromEntries(entity.map((name) => [name, String(row[name])])) }),
    ...(value !== undefined && { value }),
    ...(reward !== undefined && { reward }),
    ...(typeof row.deployment === 'string' && { deployment: row.deployment }),
  };
  return toFeedback(given, timeOf(row.time, line, now), deployment);
}

function timeOf(value: unknown, line: number, now: number): number {
  if (value === null || value === undefined || value === '') return now;
  const time = parseTime(typeof value === 'number' ? value : String(value));
  if (Number.isNaN(time))
    throw invalid(`Row ${line} of the file has a time that is neither ISO nor milliseconds.`);
  return Math.round(time);
}
