import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { HoustonClient } from '../../client/client.ts';
import { HoustonError } from '../../platform/errors.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, red, show } from '../output.ts';

type Conversion = {
  state: 'queued' | 'running' | 'converted' | 'failed';
  note: string | null;
  error: { message: string; next: string } | null;
  parity: {
    maxRelative: number;
    maxAbsolute: number;
    tolerance: number;
    rows: Record<string, number>;
  } | null;
};
type Options = CommonOptions & { requirements?: boolean; wait: boolean };

/** `houston models convert`: makes the ONNX twin of a version and waits for it. */
export function convertCommand(models: Command): void {
  common(
    models
      .command('convert')
      .description(
        'make the ONNX twin of a version (sklearn, xgboost, lightgbm, …), so that it can be deployed',
      ),
  )
    .argument('[model]', 'NAME, NAME@alias or NAME:version')
    .option('--requirements', 'print what the Python of conversions needs, for pip, and end')
    .option('--no-wait', 'ask for it and end')
    .action(async (model: string | undefined, options: Options) =>
      withClient(options, async (client) => {
        if (options.requirements) {
          const { requirements } = await client.get<{ requirements: string }>('/api/registry/conversion');
          process.stdout.write(requirements);
          return;
        }
        await convert(client, model, options);
      }),
    );
}

async function convert(client: HoustonClient, model: string | undefined, options: Options): Promise<void> {
  const [, name, alias, version = 'latest'] = /^([^@:]+)(?:(@[^@:]+)|:([^@:]+))?$/.exec(model ?? '') ?? [];
  if (name === undefined) {
    throw new HoustonError('cli.argument.missing', 'This names no model.', {
      next: 'Write NAME, NAME@alias or NAME:version.',
    });
  }
  const target = `/api/registry/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(alias ?? version)}`;
  let found = await client.post<Conversion>(`${target}/convert`, {});
  let shown = '';
  while (options.wait && (found.state === 'queued' || found.state === 'running')) {
    if (!options.json && found.note && found.note !== shown) line(dim(`  ${found.note}`));
    shown = found.note ?? shown;
    await delay(300);
    found = await client.get<Conversion>(`${target}/conversion`);
  }
  if (found.state === 'failed') process.exitCode = 1;
  show(options.json, found, ({ state, error, parity }) => {
    if (error) {
      line(`${red('✗')} ${bold(model!)} ${error.message}`);
      line(dim(`  next: ${error.next}`));
    } else if (parity) {
      const rows = Object.entries(parity.rows).map(([source, count]) => `${count} ${source}`);
      line(
        `${green('✓')} ${bold(model!)} differs by at most ${parity.maxRelative.toPrecision(2)} ${dim(`(relative; ${parity.tolerance} allowed) on ${rows.join(' + ')} rows`)}`,
      );
      line(dim(`  next: houston deploy ${model}`));
    } else line(`${model}: ${state}`);
  });
}
