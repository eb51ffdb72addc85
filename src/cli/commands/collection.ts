import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import type { HoustonClient } from '../../client/client.ts';
import { HoustonError } from '../../platform/errors.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, show, yellow } from '../output.ts';

type Count = { blobs: number; bytes: number };
type Plan = {
  experiments: { id: number; name: string }[];
  runs: number;
  models: number;
  traces: number;
  points: number;
  artifacts: { files: number; bytes: number };
  frees: Count;
  unreferenced: Count;
  kept: { subject: string; why: string }[];
};
type Result = Omit<Plan, 'experiments' | 'artifacts' | 'frees' | 'unreferenced' | 'kept'> & {
  experiments: number;
  unreferenced: Count & { freedAt: string };
};
type State = { id: string; state: string; result: Result | null };
type Options = CommonOptions & {
  delete?: boolean;
  yes?: boolean;
  olderThan?: string;
  experiment?: string[];
  run?: string[];
};

export function collectionCommands(program: Command): void {
  common(
    program
      .command('gc')
      .description(
        'remove deleted runs and experiments for good; says what would go unless --delete is given',
      ),
  )
    .option('--delete', 'do it, after a question')
    .option('--yes', 'do not ask')
    .option('--older-than <age>', 'only what was deleted so long ago: 30d, 12h, 45m or 90s')
    .option('--experiment <name...>', 'only these experiments, by name or id')
    .option('--run <id...>', 'only these runs')
    .action((options: Options) => withClient(options, (client) => collect(client, options)));
}

async function collect(client: HoustonClient, options: Options): Promise<void> {
  const request = {
    ...(options.olderThan !== undefined && { olderThanSeconds: secondsOf(options.olderThan) }),
    ...(options.experiment && { experiments: options.experiment }),
    ...(options.run && { runs: options.run }),
  };
  const { plan } = await client.post<{ plan: Plan }>('/api/experiments/gc', request);
  if (!options.delete) {
    show(options.json, { plan, deleted: false }, () => {
      showPlan(plan);
      line(dim('Nothing was changed: add --delete to remove it for good.'));
    });
    return;
  }
  if (!options.yes) {
    if (!options.json) showPlan(plan);
    await confirm();
  }
  const { job } = await client.post<{ job: string }>('/api/experiments/gc', { ...request, delete: true });
  const state = await settled(client, job);
  show(options.json, { plan, deleted: true, ...state }, () => showResult(state));
}

/** Seconds of `30d`, `12h`, `45m`, `90s`. */
function secondsOf(age: string): number {
  const [, number, unit] = /^(\d{1,6})([dhms])$/.exec(age) ?? [];
  const seconds = { d: 86_400, h: 3600, m: 60, s: 1 }[unit ?? ''];
  if (seconds !== undefined) return Number(number) * seconds;
  throw new HoustonError('cli.age.invalid', `"${age}" is no age.`, { next: 'Write 30d, 12h, 45m or 90s.' });
}

async function confirm(): Promise<void> {
  const ask = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await ask.question('This cannot be undone. Type "delete" to go on: ');
  ask.close();
  if (answer.trim() === 'delete') return;
  throw new HoustonError('cli.gc.refused', 'Nothing was deleted.', { next: 'Type "delete", or give --yes.' });
}

async function settled(client: HoustonClient, job: string): Promise<State> {
  for (;;) {
    const state = await client.get<State>(`/api/experiments/gc/${job}`);
    if (!['queued', 'running'].includes(state.state)) return state;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = count < 1 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), 4);
  return `${(count / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function showPlan(plan: Plan): void {
  line(
    `${bold(String(plan.experiments.length))} experiments, ${bold(String(plan.runs))} runs with ${plan.points} metric points, ${plan.models} logged models, ${plan.traces} traces`,
  );
  for (const { id, name } of plan.experiments.slice(0, 20)) line(`  ${dim(String(id))} ${name}`);
  line(`${plan.artifacts.files} artifacts of ${bytes(plan.artifacts.bytes)}`);
  line(`frees ${plan.frees.blobs} blobs, ${bold(bytes(plan.frees.bytes))}`);
  if (plan.unreferenced.blobs > 0) {
    line(`already unreferenced: ${plan.unreferenced.blobs} blobs, ${bytes(plan.unreferenced.bytes)}`);
  }
  for (const { subject, why } of plan.kept) line(`${yellow('stays')} ${subject} ${dim(`– ${why} reads it`)}`);
}

function showResult({ id, state, result }: State): void {
  if (!result) {
    line(`${yellow('!')} The job ${id} is ${state}.`);
    return;
  }
  line(
    `${green('✓')} removed ${result.experiments} experiments, ${result.runs} runs, ${result.points} metric points, ${result.models} logged models, ${result.traces} traces`,
  );
  const { blobs, bytes: size, freedAt } = result.unreferenced;
  if (blobs > 0)
    line(
      `  ${blobs} blobs of ${bytes(size)} are freed from ${freedAt} on, if nothing refers to them by then`,
    );
}
