import type { Command } from 'commander';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, green, line, show, table } from '../output.ts';

type List = { items: Record<string, unknown>[] };

export function operationCommands(program: Command): void {
  common(
    program.command('status').description('is all well? deployments, what needs a human, incidents'),
  ).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const overview = await client.get<Record<string, unknown>>('/api/insights/overview');
      show(options.json, overview, () => {
        const deployments = (overview.deployments ?? []) as Record<string, unknown>[];
        table(deployments, ['name', 'state', 'model', 'version', 'requestsPerMinute', 'p99Ms']);
        const needs = (overview.needsHuman ?? []) as { title?: string; subject?: string }[];
        for (const need of needs) line(`! ${need.title ?? ''} ${need.subject ?? ''}`);
      });
    }),
  );

  const incidents = program.command('incidents').description('incidents of deployments');
  common(incidents.command('list')).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const reply = await client.get<List>('/api/monitoring/incidents');
      show(options.json, reply, ({ items }) =>
        table(items, ['id', 'deployment', 'state', 'severity', 'openedAt', 'title']),
      );
    }),
  );

  const quarantine = program
    .command('quarantine')
    .description('revisions that died, hung or leaked too often and are not loaded any more');
  common(quarantine.command('list'))
    .option('--all', 'also those that were released')
    .action(async (options: CommonOptions & { all?: boolean }) =>
      withClient(options, async (client) => {
        const query: Record<string, string> = options.all ? {} : { state: 'active' };
        const reply = await client.get<List>('/api/serving/quarantine', query);
        show(options.json, reply, ({ items }) =>
          table(items, [
            'revision',
            'deployment',
            'model',
            'version',
            'kind',
            'answeredBy',
            'since',
            'reason',
          ]),
        );
      }),
    );
  common(quarantine.command('release').description('let a revision run again'))
    .argument('<revision>')
    .requiredOption('--reason <text>', 'why it will not happen again')
    .action(async (revision: string, options: CommonOptions & { reason: string }) =>
      withClient(options, async (client) => {
        const path = `/api/serving/quarantine/${encodeURIComponent(revision)}/release`;
        const released = await client.post<{ deployment: string; model: string; version: number }>(path, {
          reason: options.reason,
        });
        show(options.json, released, ({ deployment, model, version }) =>
          line(
            `${green('✓')} ${bold(`${model}:${version}`)} may run in ${bold(deployment)} again: at its next request where it is the champion, else at the next deploy`,
          ),
        );
      }),
    );

  const approvals = program.command('approvals').description('what waits for a decision');
  common(approvals.command('list')).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const reply = await client.get<List>('/api/governance/approvals');
      show(options.json, reply, ({ items }) =>
        table(items, ['id', 'state', 'subject', 'requester', 'requestedAt']),
      );
    }),
  );
  for (const decision of ['approve', 'reject'] as const) {
    common(approvals.command(decision).description(`${decision} a request, as the user of your token`))
      .argument('<id>')
      .requiredOption('--reason <text>', 'why')
      .action(async (id: string, options: CommonOptions & { reason: string }) =>
        withClient(options, async (client) => {
          const path = `/api/governance/approvals/${encodeURIComponent(id)}/decisions`;
          const result = await client.post<object>(path, { decision, reason: options.reason });
          show(options.json, result, () => line(`${green('✓')} ${bold(id)}: ${decision}`));
        }),
      );
  }
}
