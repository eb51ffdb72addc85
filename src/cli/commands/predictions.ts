import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { HoustonClient } from '../../client/client.ts';
import type { FeedbackFileReplyBody } from '../../domains/serving/feedback/feedback.contract.ts';
import type { ErasureCountsBody } from '../../domains/serving/privacy/erasure.contract.ts';
import { type QueryReplyBody, toCsv } from '../../domains/serving/query/query.contract.ts';
import { HoustonError } from '../../platform/errors.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, show, table, yellow } from '../output.ts';

/** `houston predictions …` and `houston feedback`: what was answered, what became of it, and letting go of it. */
export function predictionCommands(program: Command): void {
  const predictions = program
    .command('predictions')
    .description('the record of what was answered: ask it, erase a person from it');
  queryCommand(predictions);
  eraseCommand(predictions);
  expireCommand(predictions);
  feedbackCommand(program);
}

type QueryOptions = CommonOptions & { csv?: boolean; limit?: number; timeLimit?: number };

function queryCommand(predictions: Command): void {
  common(
    predictions
      .command('query')
      .description('run one SELECT over the view "predictions" of a deployment (DuckDB’s SQL)'),
  )
    .argument('<deployment>')
    .argument('<sql>')
    .option('--csv', 'print CSV')
    .option('--limit <rows>', 'rows at most (default 1000)', count)
    .option('--time-limit <seconds>', 'give up after so long (default 10, at most 60)', count)
    .action(async (deployment: string, sql: string, options: QueryOptions) =>
      withClient(options, async (client) => {
        const found = await client.post<QueryReplyBody>(`${pathOf(deployment)}/query`, {
          sql,
          ...(options.limit !== undefined && { limit: options.limit }),
          ...(options.timeLimit !== undefined && { timeLimitMs: options.timeLimit * 1000 }),
        });
        if (options.csv) {
          process.stdout.write(toCsv(found));
          return;
        }
        show(options.json, found, ({ columns, rows, truncated, elapsedMs }) => {
          const names = columns.map(({ name }) => name);
          const cell = (value: unknown) =>
            value !== null && typeof value === 'object' ? JSON.stringify(value) : value;
          table(
            rows.map((row) => Object.fromEntries(names.map((name, i) => [name, cell(row[i])]))),
            names,
          );
          const more = truncated ? ', and there are more: raise --limit' : '';
          line(dim(`${rows.length} rows in ${elapsedMs} ms${more}`));
        });
      }),
    );
}

type EraseOptions = CommonOptions & { deployment: string; entity: string[]; delete?: boolean; yes?: boolean };
type Plan = { plan: ErasureCountsBody; notes: string[] };
type State = { state: string; error: string | null; result: ErasureCountsBody | null };

function eraseCommand(predictions: Command): void {
  common(
    predictions
      .command('erase')
      .description('erase a person from the records; says what would go unless --delete is given'),
  )
    .requiredOption('--deployment <name>', 'whose records')
    .requiredOption('--entity <column=value...>', 'who; several columns must all agree')
    .option('--delete', 'do it, after a question')
    .option('--yes', 'do not ask')
    .action((options: EraseOptions) => withClient(options, (client) => erase(client, options)));
}

async function erase(client: HoustonClient, options: EraseOptions): Promise<void> {
  const path = `${pathOf(options.deployment)}/erasures`;
  const entity = Object.fromEntries(options.entity.map(pair));
  const { plan, notes } = await client.post<Plan>(path, { entity });
  if (!options.delete) {
    show(options.json, { plan, notes, deleted: false }, () => {
      showCounts(plan, notes);
      line(dim('Nothing was changed: add --delete to erase it for good.'));
    });
    return;
  }
  if (!options.yes) {
    if (!options.json) showCounts(plan, notes);
    await confirm('Erase this for good?');
  }
  const { erasure } = await client.post<Plan & { erasure: string }>(path, { entity, delete: true });
  for (;;) {
    const now = await client.get<State>(`${path}/${erasure}`);
    if (now.result) {
      show(options.json, { erasure, ...now }, ({ result }) => {
        line(green(`✓ erased: ${sentence(result)}`));
        line(dim(`${erasure}; the ledger has the counts and a commitment, and no name`));
      });
      return;
    }
    if (now.state === 'dead' || now.state === 'cancelled')
      throw new HoustonError('cli.erasure.failed', now.error ?? `The erasure is ${now.state}.`, {
        next: 'Send it again: it goes on where it was.',
      });
    await pause(300);
  }
}

function showCounts(plan: ErasureCountsBody, notes: readonly string[]): void {
  line(`${bold('Would be erased')}: ${sentence(plan)}`);
  for (const note of notes) line(yellow(note));
}

function sentence(counts: ErasureCountsBody | null): string {
  if (!counts) return 'nothing';
  const { predictions, requests, pairs, feedback, events } = counts;
  const online = Object.entries(events).map(([service, rows]) => `${rows} online events of ${service}`);
  return [
    `${predictions} predictions (${requests} whole requests)`,
    `${feedback} outcomes`,
    `${pairs} scores of another arm`,
    ...online,
  ].join(', ');
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new HoustonError('cli.entity.invalid', `"${text}" names no entity.`, {
    next: 'Write COLUMN=VALUE, for example customer_id=7.',
  });
}

type Expired = { predictions: number; pairs: number; feedback: number; fields: Record<string, number> };

function expireCommand(predictions: Command): void {
  common(
    predictions
      .command('expire')
      .description(
        'remove records that are past their time, as happens once a day; says what would go unless --delete',
      ),
  )
    .argument('<deployment>')
    .option('--delete', 'do it now')
    .action(async (deployment: string, options: CommonOptions & { delete?: boolean }) =>
      withClient(options, async (client) => {
        const reply = await client.post<{ plan: Expired; job?: string }>(`${pathOf(deployment)}/retention`, {
          ...(options.delete && { delete: true }),
        });
        show(options.json, reply, ({ plan, job }) => {
          const fields = Object.entries(plan.fields).map(([name, values]) => `${values} values of ${name}`);
          line(
            `${bold('Past their time')}: ${[`${plan.predictions} predictions`, `${plan.feedback} outcomes`, `${plan.pairs} scores of another arm`, ...fields].join(', ')}`,
          );
          line(dim(job ? `They go now, by the job ${job}.` : 'Nothing was changed: add --delete.'));
        });
      }),
    );
}

const fileTypes: Record<string, string> = {
  '.csv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
  '.parquet': 'application/vnd.apache.parquet',
};

function feedbackCommand(program: Command): void {
  common(
    program
      .command('feedback')
      .description(
        'tell what became of predictions: outcomes and rewards from a CSV, NDJSON or Parquet file',
      ),
  )
    .argument('<file>', 'columns: id, or those of the entity; value, reward, time')
    .option('--deployment <name>', 'whose predictions, when the file names an entity')
    .option('--window-hours <hours>', 'how old the prediction of an entity may be (default 720)', count)
    .action(async (file: string, options: CommonOptions & { deployment?: string; windowHours?: number }) =>
      withClient(options, async (client) => {
        const contentType = fileTypes[extname(file).toLowerCase()];
        if (contentType === undefined)
          throw new HoustonError(
            'cli.file.unknown',
            `"${file}" is none of .csv, .ndjson, .jsonl and .parquet.`,
            {
              next: 'Give the file one of these endings.',
            },
          );
        const reply = await client.post<FeedbackFileReplyBody>(
          '/api/serving/feedback/files',
          readFileSync(file),
          {
            contentType,
            query: { deployment: options.deployment, windowHours: options.windowHours },
          },
        );
        show(options.json, reply, ({ rows, accepted, unknown, unsampled, examples }) => {
          line(green(`✓ ${accepted} of ${rows} rows taken`));
          if (unsampled > 0) line(`${unsampled} are of requests that were left out of the sample`);
          if (unknown > 0) line(yellow(`${unknown} found no prediction: ${examples.slice(0, 5).join(', ')}`));
        });
      }),
    );
}

const pathOf = (deployment: string) => `/api/serving/deployments/${encodeURIComponent(deployment)}`;

function count(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It is no number above 0.');
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new HoustonError('cli.confirmation.missing', 'Nobody is there to confirm it.', {
      next: 'Add --yes to do it without a question.',
    });
  const asked = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await asked.question(`${question} [y/N] `);
  asked.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new HoustonError('cli.confirmation.refused', 'Nothing was changed.', {
      next: 'Answer y to do it.',
    });
}
