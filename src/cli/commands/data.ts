import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Command } from 'commander';
import { type HoustonClient, HoustonReplyError } from '../../client/client.ts';
import { HoustonError } from '../../platform/errors.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, red, show, table } from '../output.ts';

const contentTypes: Record<string, string> = {
  '.parquet': 'application/vnd.apache.parquet',
  '.csv': 'text/csv',
};
const path = (name: string) => `/api/data/datasets/${encodeURIComponent(name)}`;

async function createWhenMissing(client: HoustonClient, name: string): Promise<void> {
  try {
    await client.get(path(name));
  } catch (error) {
    if (!(error instanceof HoustonReplyError) || error.status !== 404) throw error;
    await client.put(path(name), {});
  }
}

export function dataCommands(program: Command): void {
  const data = program.command('data').description('datasets, versions and their checks');

  common(data.command('list').description('all datasets')).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const reply = await client.get<{ items: Record<string, unknown>[] }>('/api/data/datasets');
      show(options.json, reply, ({ items }) =>
        table(
          items.map((item) => ({ ...item, ...(item.latest as object | null) })),
          ['name', 'version', 'rows', 'owner', 'description'],
        ),
      );
    }),
  );

  common(data.command('upload').description('add a batch of rows (Parquet or CSV) as a new version'))
    .argument('<name>', 'name of the dataset')
    .argument('<file>', 'a .parquet or .csv file')
    .option('--mode <mode>', 'append or replace', 'append')
    .option('--source <text>', 'where it comes from')
    .action(async (name: string, file: string, options: CommonOptions & { mode: string; source?: string }) =>
      withClient(options, async (client) => {
        const contentType = contentTypes[extname(file).toLowerCase()];
        if (!contentType) {
          throw new HoustonError('cli.file.unsupported', 'Only .parquet and .csv files are taken.', {
            next: 'Convert the file, for example with DuckDB.',
          });
        }
        await createWhenMissing(client, name);
        try {
          const version = await client.post<Record<string, unknown>>(
            `${path(name)}/versions`,
            readFileSync(file),
            {
              contentType,
              query: { mode: options.mode, source: options.source },
            },
          );
          show(options.json, version, () =>
            line(
              `${green('✓')} ${bold(`${name}@${version.version}`)} ${version.rows} rows ${dim(String(version.digest))}`,
            ),
          );
        } catch (error) {
          if (!options.json && error instanceof HoustonReplyError && error.details?.report) {
            const { report } = error.details as {
              report: {
                results: { success: boolean; type: string; column: string | null; description: string }[];
              };
            };
            for (const failure of report.results.filter((result) => !result.success)) {
              line(`  ${red('✗')} ${failure.description} ${dim(failure.type)}`);
            }
          }
          throw error;
        }
      }),
    );

  common(data.command('versions').description('the versions of a dataset'))
    .argument('<name>')
    .action(async (name: string, options: CommonOptions) =>
      withClient(options, async (client) => {
        const reply = await client.get<{ items: Record<string, unknown>[] }>(`${path(name)}/versions`);
        show(options.json, reply, ({ items }) =>
          table(items, ['version', 'rows', 'digest', 'createdAt', 'source']),
        );
      }),
    );
}
