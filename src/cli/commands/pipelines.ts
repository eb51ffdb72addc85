import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import type { HoustonClient } from '../../client/client.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, red, show, table, yellow } from '../output.ts';

type Step = {
  key: string;
  uses: string;
  state: string;
  note?: string;
  error?: { message?: string } | string | null;
};
type Run = { id: string; pipeline: string; state: string; steps: Step[] };

const ended = new Set(['succeeded', 'failed', 'cancelled', 'stopped']);

const mark = (state: string) =>
  state === 'succeeded'
    ? green('✓')
    : state === 'cached'
      ? green('≡')
      : state === 'failed'
        ? red('✗')
        : yellow('•');

/** Waits until the run has ended, telling each step as it ends. */
export async function followRun(client: HoustonClient, id: string, tell: (step: Step) => void): Promise<Run> {
  const told = new Set<string>();
  for (;;) {
    const run = await client.get<Run>(`/api/pipelines/runs/${id}`);
    for (const step of run.steps) {
      const turn = `${step.key} ${step.state}`;
      if (told.has(turn) || ['waiting', 'ready', 'running'].includes(step.state)) continue;
      told.add(turn);
      tell(step);
    }
    if (ended.has(run.state)) return run;
    await wait(300);
  }
}

export function pipelineCommands(program: Command): void {
  const pipelines = program.command('pipelines').description('run and follow pipelines');

  common(pipelines.command('list').description('all pipelines')).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const reply = await client.get<{ items: Record<string, unknown>[] }>('/api/pipelines');
      show(options.json, reply, ({ items }) => table(items, ['name', 'revision', 'description']));
    }),
  );

  common(pipelines.command('runs').description('newest runs'))
    .option('--pipeline <name>')
    .action(async (options: CommonOptions & { pipeline?: string }) =>
      withClient(options, async (client) => {
        const reply = await client.get<{ items: Record<string, unknown>[] }>('/api/pipelines/runs', {
          pipeline: options.pipeline,
        });
        show(options.json, reply, ({ items }) =>
          table(items, ['id', 'pipeline', 'state', 'createdAt', 'endedAt']),
        );
      }),
    );

  common(pipelines.command('run').description('start a run'))
    .argument('<name>')
    .option('-p, --param <key=value...>', 'parameters')
    .option('--wait', 'follow the run to its end')
    .action(async (name: string, options: CommonOptions & { param?: string[]; wait?: boolean }) =>
      withClient(options, async (client) => {
        const params = Object.fromEntries(
          (options.param ?? []).map((pair) => {
            const [key, ...rest] = pair.split('=');
            return [key, parseValue(rest.join('='))];
          }),
        );
        const run = await client.post<Run>(`/api/pipelines/${encodeURIComponent(name)}/runs`, { params });
        if (!options.wait) {
          return show(options.json, run, () => line(`${green('✓')} started ${bold(run.id)}`));
        }
        const end = await followRun(client, run.id, (step) => {
          if (!options.json)
            line(`${mark(step.state)} ${step.key.padEnd(16)} ${dim(`${step.uses} · ${step.state}`)}`);
        });
        show(options.json, end, () => line(`Run ${bold(end.id)}: ${end.state}`));
        if (end.state !== 'succeeded') process.exitCode = 3;
      }),
    );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
