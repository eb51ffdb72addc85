import type { Command } from 'commander';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, line, show } from '../output.ts';

type Example = { time: string; id: string | null; message: string; trace: string | null };
type Failures = {
  items: { code: string; status: number; count: number; first: string; last: string; examples: Example[] }[];
};

/** What operators ask of serving: the dashboard as a file, and which requests fail. */
export function observabilityCommands(program: Command): void {
  common(
    program
      .command('grafana')
      .description('print the dashboard for Grafana, or the alert rules for Prometheus: > houston.json'),
  )
    .option('--alerts', 'the alert rules instead')
    .action(async (options: CommonOptions & { alerts?: boolean }) =>
      withClient(options, async (client) => {
        const file = options.alerts ? '/metrics/alerts.yaml' : '/metrics/grafana.json';
        line((await client.download(file)).toString('utf8').trimEnd());
      }),
    );

  common(
    program
      .command('errors')
      .description('requests of a deployment that failed or were refused since the start, with examples')
      .argument('<deployment>'),
  ).action(async (deployment: string, options: CommonOptions) =>
    withClient(options, async (client) => {
      const path = `/api/serving/deployments/${encodeURIComponent(deployment)}/failures`;
      show(options.json, await client.get<Failures>(path), ({ items }) => {
        if (items.length === 0) line('No request has failed or was refused since the start of this server.');
        for (const { code, status, count, first, last, examples } of items) {
          line(`${bold(code)} ${status} ${count} times ${dim(`${first} to ${last}`)}`);
          for (const { time, message, id, trace } of examples)
            line(`  ${dim(time)} ${message} ${dim([id, trace].filter(Boolean).join(' '))}`);
        }
      });
    }),
  );
}
