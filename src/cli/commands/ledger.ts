import type { Command } from 'commander';
import { type HoustonClient, HoustonReplyError } from '../../client/client.ts';
import { type CommonOptions, common, withClient } from '../connect.ts';
import { bold, dim, green, line, red, show, table } from '../output.ts';

type Event = {
  seq: number;
  id: string;
  time: string;
  type: string;
  actor: string;
  subject: string;
  data: Record<string, unknown>;
};
type Why = {
  subject: string;
  root: string;
  nodes: { id: string; depth: number; event: Event }[];
  edges: { from: string; to: string; kind: 'cause' | 'uses' | 'origin'; subject?: string }[];
  truncated: boolean;
};
type Verification = {
  ok: boolean;
  events: number;
  head: string;
  checkpoints: number;
  checkpointedUpTo: number;
  firstBad: { seq: number; id: string | null; reason: string } | null;
};

const words = { cause: 'because of ', uses: 'made from ', origin: 'first ' };

/** Prints the causal graph as a tree, each event once; what stands above already is named in one line. */
function printWhy(graph: Why): void {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node.event]));
  const seen = new Set<string>();
  const visit = (id: string, indent: string, branch: string, label: string) => {
    const event = nodes.get(id);
    if (!event) return;
    seen.add(id);
    const what = `${dim(label)}${bold(event.subject)} ${event.type}`;
    line(`${indent}${branch}${what} ${dim(`${event.time} by ${event.actor}${brief(event.data)}`)}`);
    const below = graph.edges.filter((edge) => edge.from === id);
    const inner = indent + (branch === '' ? '' : branch === '└─ ' ? '   ' : '│  ');
    const again = below.filter((edge) => seen.has(edge.to));
    for (const [i, edge] of below.entries()) {
      if (seen.has(edge.to)) continue;
      const isLast = below.slice(i + 1).every((other) => seen.has(other.to));
      visit(edge.to, inner, isLast && again.length === 0 ? '└─ ' : '├─ ', words[edge.kind]);
    }
    const names = [...new Set(again.map((edge) => nodes.get(edge.to)?.subject))];
    if (names.length > 0) line(dim(`${inner}└─ and ${names.join(', ')}, told above`));
  };
  visit(graph.root, '', '', '');
  if (graph.truncated) line(dim('… and more; ask with --limit'));
}

const briefKeys = [
  'digest',
  'version',
  'rows',
  'reason',
  'decision',
  'verdict',
  'commit',
  'feature',
  'weight',
];

function brief(data: Record<string, unknown>): string {
  const parts = briefKeys
    .filter((key) => ['string', 'number'].includes(typeof data[key]))
    .map((key) => `${key} ${String(data[key]).replace(/^(sha256:.{12}).*/, '$1')}`);
  return parts.length > 0 ? ` · ${parts.join(' · ')}` : '';
}

type Explanation = { prediction?: Record<string, unknown>; graph: Why };

/** A subject of the ledger, or the id of a prediction: those are too many for the ledger and stand in a log. */
async function explain(client: HoustonClient, subject: string, limit: number): Promise<Explanation> {
  const ofPrediction = (id: string) =>
    client.get<Explanation>(`/api/serving/predictions/${encodeURIComponent(id)}/why`);
  if (subject.startsWith('prediction:')) return ofPrediction(subject.slice('prediction:'.length));
  try {
    return { graph: await client.get<Why>('/api/ledger/why', { subject, limit }) };
  } catch (error) {
    if (!(error instanceof HoustonReplyError) || error.code !== 'platform.subject.not_found') throw error;
    return ofPrediction(subject).catch(() => {
      throw error;
    });
  }
}

export function ledgerCommands(program: Command): void {
  common(
    program
      .command('why')
      .description('explain any state back to its causes: deployment:NAME, rollout:ID, a prediction id…'),
  )
    .argument('<subject>')
    .option('--limit <n>', 'at most so many events', '200')
    .action(async (subject: string, options: CommonOptions & { limit: string }) =>
      withClient(options, async (client) => {
        const result = await explain(client, subject, Number(options.limit));
        show(options.json, result, ({ prediction, graph }) => {
          if (prediction)
            line(`${bold(`prediction ${prediction.id}`)} ${dim(JSON.stringify(prediction).slice(0, 400))}`);
          printWhy(graph);
        });
      }),
    );

  const audit = program.command('audit').description('the ledger: every change of state, hash-chained');

  common(
    audit.command('verify').description('prove the whole ledger against its chain and checkpoints'),
  ).action(async (options: CommonOptions) =>
    withClient(options, async (client) => {
      const result = await client.post<Verification>('/api/ledger/verify', {});
      show(options.json, result, () => {
        if (result.ok) {
          line(`${green('✓')} ${result.events} events verified, head ${result.head.slice(0, 19)}…`);
          line(
            dim(`  ${result.checkpoints} signed checkpoints, the newest at event ${result.checkpointedUpTo}`),
          );
        } else {
          line(
            `${red('✗')} first bad event: ${bold(String(result.firstBad?.seq))} ${result.firstBad?.id ?? ''}`,
          );
          line(`  ${result.firstBad?.reason}`);
        }
      });
      if (!result.ok) process.exitCode = 3;
    }),
  );

  common(audit.command('log').description('newest events'))
    .option('--type <type>', 'exact, or a prefix that ends in .*')
    .option('--subject <subject>')
    .option('--text <text>')
    .option('--limit <n>', 'how many', '30')
    .action(
      async (options: CommonOptions & { type?: string; subject?: string; text?: string; limit: string }) =>
        withClient(options, async (client) => {
          const { type, subject, text, limit } = options;
          const reply = await client.get<{ items: Event[] }>('/api/ledger/events', {
            type,
            subject,
            text,
            limit,
          });
          show(options.json, reply, ({ items }) => table(items, ['seq', 'time', 'type', 'subject', 'actor']));
        }),
    );
}
