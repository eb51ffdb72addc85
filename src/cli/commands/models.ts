import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { HoustonError } from '../../platform/errors.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, red, show, table, yellow } from '../output.ts';
import { convertCommand } from './convert.ts';
import { readDeclaration } from './declarations.ts';

type Version = { model: string; version: number; digest: string };
type Check = { name: string; decision: string; value: unknown; bound: unknown; reason: string };
type Verdict = { decision: string; checks: Check[] };

type DeployOptions = {
  to?: string;
  graph?: string;
  upstream?: string;
  protocol: string;
  upstreamModel?: string;
};

const path = (name: string) => `/api/registry/models/${encodeURIComponent(name)}`;
const verdictColour = (decision: string) =>
  (decision === 'go' ? green : decision === 'no-go' ? red : yellow)(decision);

/** Prints a gate's verdict, one line a check. */
function printVerdict(verdict: Verdict): void {
  for (const check of verdict.checks) {
    line(`  ${verdictColour(check.decision.padEnd(15))} ${check.name.padEnd(28)} ${dim(check.reason)}`);
  }
  line(`Gate: ${bold(verdictColour(verdict.decision))}`);
}

export function modelCommands(program: Command): void {
  const models = program.command('models').description('register, list and inspect models');

  common(models.command('register').description('register an ONNX file as the next version of a model'))
    .argument('<name>', 'name of the model')
    .argument('<file>', 'path of the .onnx file')
    .option('--alias <alias>', 'alias to set on the new version')
    .option('--source <text>', 'where it comes from')
    .action(
      async (name: string, file: string, options: CommonOptions & { alias?: string; source?: string }) =>
        withClient(options, async (client) => {
          let bytes: Buffer;
          try {
            bytes = readFileSync(file);
          } catch {
            throw new HoustonError('cli.file.unreadable', `Cannot read ${file}.`, {
              next: 'Check the path.',
            });
          }
          const version = await client.post<Version>(`${path(name)}/versions`, bytes, {
            contentType: 'application/octet-stream',
            query: { alias: options.alias, source: options.source },
          });
          show(options.json, version, () => {
            line(`${green('✓')} ${bold(`${name}:${version.version}`)} ${dim(version.digest)}`);
            line(dim(`  next: houston deploy ${name}:${version.version}`));
          });
        }),
    );

  common(models.command('list').description('all models')).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const reply = await client.get<{ items: Record<string, unknown>[] }>('/api/registry/models');
      show(options.json, reply, ({ items }) =>
        table(
          items.map((item) => ({ ...item, aliases: JSON.stringify(item.aliases) })),
          ['name', 'latestVersion', 'aliases', 'owner', 'description'],
        ),
      );
    }),
  );

  common(models.command('show').description('one model with its versions'))
    .argument('<name>')
    .action(async (name: string, options: CommonOptions) =>
      withClient(options, async (client) => {
        const [model, versions] = await Promise.all([
          client.get<Record<string, unknown>>(path(name)),
          client.get<{ items: Record<string, unknown>[] }>(`${path(name)}/versions`),
        ]);
        show(options.json, { ...model, versions: versions.items }, () => {
          line(`${bold(name)} ${dim(String(model.description ?? ''))}`);
          table(versions.items, ['version', 'digest', 'createdAt', 'source']);
        });
      }),
    );

  common(
    models
      .command('card')
      .description('print the model card of a version: what the record knows of it, and what it does not'),
  )
    .argument('<name>')
    .argument('[version]', 'a number, latest, or @ and an alias', 'latest')
    .action(async (name: string, version: string, options: CommonOptions) =>
      withClient(options, async (client) => {
        const card = `/api/governance/models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}/card`;
        if (options.json) return show(true, await client.get<object>(card), () => {});
        process.stdout.write(await client.download(`${card}?format=markdown`));
      }),
    );

  convertCommand(models);

  common(models.command('gate').description('run the gate on a version and print its verdict'))
    .argument('<name>')
    .argument('<version>')
    .action(async (name: string, version: string, options: CommonOptions) =>
      withClient(options, async (client) => {
        const verdict = await client.post<Verdict>(
          `${path(name)}/versions/${encodeURIComponent(version)}/gate`,
          {},
        );
        show(options.json, verdict, printVerdict);
        if (verdict.decision === 'no-go') process.exitCode = 3;
      }),
    );

  common(
    program
      .command('deploy')
      .description(
        'put a model version behind its route: NAME, NAME@alias or NAME:version; or a graph; or what --to declares',
      ),
  )
    .argument('[model]')
    .option('--to <deployment>', 'name of the deployment (default: the name of the model)')
    .option('--graph <file>', 'YAML file of a graph, as under `graph:` in houston.yaml')
    .option('--upstream <url>', 'server that runs it; the server must be started with --upstream ORIGIN')
    .option('--protocol <protocol>', 'of the upstream: open-inference or mlflow', 'open-inference')
    .option('--upstream-model <name>', 'its name there (default: its name here)')
    .action(async (model: string | undefined, options: CommonOptions & DeployOptions) =>
      withClient(options, async (client) => {
        const deployment = options.to ?? model?.split(/[@:]/)[0];
        if (deployment === undefined || (model !== undefined && options.graph !== undefined)) {
          throw new HoustonError(
            'cli.deploy.unclear',
            deployment === undefined
              ? 'It is not clear what to deploy where.'
              : 'A model and a graph are named.',
            {
              next: 'Write houston deploy MODEL, houston deploy --graph FILE --to NAME, or houston deploy --to NAME.',
            },
          );
        }
        const { upstream: url, protocol, upstreamModel } = options;
        const upstream = url && { url, protocol, ...(upstreamModel && { model: upstreamModel }) };
        const graph = options.graph && readDeclaration(options.graph);
        const rollout = await client.post<{ id: string; state: string }>(
          `/api/serving/deployments/${encodeURIComponent(deployment)}/deploy`,
          { ...(model && { model }), ...(graph && { graph }), ...(upstream && { upstream }) },
        );
        const what = model ?? options.graph ?? 'what it declares';
        show(options.json, rollout, () => {
          line(
            `${green('✓')} ${bold(deployment)} ← ${what} ${dim(`· rollout ${rollout.id}: ${rollout.state}`)}`,
          );
          line(dim(`  POST ${client.url}/v2/models/${deployment}/infer`));
        });
      }),
    );

  common(
    program
      .command('rollback')
      .description('abort the running rollout, or else put the previous revision back, at the next request'),
  )
    .argument('<deployment>')
    .option('--reason <text>', 'why', 'asked for on the command line')
    .action(async (deployment: string, options: CommonOptions & { reason: string }) =>
      withClient(options, async (client) => {
        const result = await client.post<{ champion: { model: string; version: number } | null }>(
          `/api/serving/deployments/${encodeURIComponent(deployment)}/rollback`,
          { reason: options.reason },
        );
        show(options.json, result, ({ champion }) => {
          const now = champion ? `${champion.model}:${champion.version}` : 'nothing';
          line(`${green('✓')} ${bold(deployment)} is answered by ${bold(now)} from the next request on`);
        });
      }),
    );
}
