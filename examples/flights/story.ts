import { setTimeout as wait } from 'node:timers/promises';
import type { HoustonClient } from '../../src/client/client.ts';
import type { ReplayCounts } from './replay.ts';
import { type Screen, sparkline, style } from './screen.ts';

type Event = {
  seq: number;
  id: string;
  type: string;
  actor: string;
  subject: string;
  data: Record<string, unknown>;
};

export type Story = {
  /** True while a pipeline makes a model. */
  healing(): boolean;
  onDay(day: number, counts: ReplayCounts, progress: number): void;
  stop(): Promise<void>;
};

type Cast = { client: HoustonClient; approver: HoustonClient; screen: Screen; deployment: string };

/** Follows the ledger and tells what happens; approves, as the second person, what asks for approval. */
export function startStory({ client, approver, screen, deployment }: Cast): Story {
  const running = new Set<string>();
  const history: (number | null)[] = [];
  let champion = '–';
  let after = 0;
  let stopped = false;
  let previous = { requests: 0, time: performance.now() };

  const onEvent = async (event: Event) => {
    const [mark, text] = tellEvent(event) ?? [];
    if (mark && text) screen.tell(mark, text);
    if (event.type === 'pipelines.run.started') running.add(event.subject);
    if (/^pipelines\.run\.(succeeded|failed|stopped|cancelled)$/.test(event.type))
      running.delete(event.subject);
    if (event.type === 'serving.rollout.promoted') champion = `version ${event.data.version}`;
    if (event.type === 'governance.approval.requested') {
      const id = event.subject.replace(/^approval:/, '');
      await approver.post(`/api/governance/approvals/${id}/decisions`, {
        decision: 'approve',
        reason: 'Evidence read: gate passed, slices stable.',
      });
    }
  };
  const follow = async () => {
    while (!stopped) {
      const query = { after, order: 'oldest', limit: 500 };
      const { items } = await client.get<{ items: Event[] }>('/api/ledger/events', query);
      for (const event of items) {
        after = event.seq;
        await onEvent(event);
      }
      if (items.length < 500) await wait(250);
    }
  };
  const following = follow().catch((error: Error) => {
    if (!stopped) screen.tell(style.red('✗'), `the story lost its thread: ${error.message}`);
  });

  return {
    healing: () => running.size > 0,
    onDay(day, counts, progress) {
      const now = performance.now();
      const rate = ((counts.requests - previous.requests) / (now - previous.time)) * 1000;
      previous = { requests: counts.requests, time: now };
      const date = new Date(day).toISOString().slice(0, 10);
      const width = 40;
      const filled = Math.round(progress * width);
      history.push(rate);
      screen.status([
        `${style.bold(date)} ${style.green('━'.repeat(filled))}${style.dim('━'.repeat(width - filled))} ${Math.round(progress * 100)} %  ${style.cyan(sparkline(history.slice(-40), 0, Math.max(...history.slice(-40).map((value) => value ?? 0))))}`,
        style.dim(
          `${counts.requests.toLocaleString('en')} requests · ${Math.round(rate).toLocaleString('en')}/s · ${counts.failed} failed · champion ${champion}${running.size > 0 ? ' · making a model' : ''}`,
        ),
      ]);
      if (!process.stdout.isTTY && date.endsWith('-01')) {
        screen.tell(
          style.dim('·'),
          `${date}: ${counts.requests.toLocaleString('en')} requests, ${counts.failed} failed`,
        );
      }
      void deployment;
    },
    async stop() {
      await wait(600);
      stopped = true;
      await following;
    },
  };
}

/** The mark and the sentence for an event that people want to hear of. */
function tellEvent({ type, subject, data }: Event): [string, string] | undefined {
  const name = (text: string) => style.bold(text.replace(/^[a-z-]+:/, ''));
  const reason = typeof data.reason === 'string' ? style.dim(` — ${data.reason}`) : '';
  switch (type) {
    case 'registry.version.registered':
      return [style.green('✓'), `registered ${name(subject)}`];
    case 'registry.gate.passed':
      return [style.green('✓'), `gate: ${name(subject)} is ${style.green('go')}`];
    case 'registry.gate.refused':
      return [style.red('⊘'), `gate: ${name(subject)} is ${style.red('no-go')}${reason}`];
    case 'registry.gate.held':
      return [style.yellow('•'), `gate: ${name(subject)} is on hold${reason}`];
    case 'governance.approval.granted':
      return [style.green('✓'), `approved by a second person: ${name(subject)}`];
    case 'monitoring.drift.detected':
      return [
        style.yellow('≈'),
        `drift${Array.isArray(data.features) ? `: ${(data.features as unknown[]).slice(0, 4).map(featureName).join(', ')}${data.features.length > 4 ? ` and ${data.features.length - 4} more` : ''}` : ''}${style.dim(dayOf(data.window))}`,
      ];
    case 'monitoring.performance.degraded':
      return [style.yellow('▼'), `performance degraded${reason}`];
    case 'monitoring.incident.opened':
      return [style.red('!'), `incident opened${reason || style.dim(` ${String(data.title ?? '')}`)}`];
    case 'monitoring.incident.resolved':
      return [style.green('✓'), `incident resolved${reason}`];
    case 'pipelines.run.started':
      return [
        style.blue('▶'),
        `pipeline ${data.pipeline ?? ''} started${data.trigger ? style.dim(` by ${data.trigger}`) : ''}`,
      ];
    case 'pipelines.run.failed':
      return [style.red('✗'), `pipeline ${data.pipeline ?? ''} failed${reason}`];
    case 'serving.rollout.advanced':
      return [style.blue('→'), `rollout at ${data.weight ?? '?'} %${reason}`];
    case 'serving.rollout.promoted':
      return [style.green('★'), `promoted: version ${data.version} is the champion${reason}`];
    case 'serving.rollout.rolled-back':
      return [style.red('↩'), `rolled back${reason}`];
    case 'serving.rollout.held':
      return [style.yellow('•'), `rollout held${reason}`];
    default:
      return undefined;
  }
}

const dayOf = (window: unknown) => {
  const start = (window as { start?: unknown } | undefined)?.start;
  return typeof start === 'string' ? ` · ${start.slice(0, 10)}` : '';
};

const featureName = (value: unknown) =>
  typeof value === 'string' ? value : String((value as { feature?: string }).feature ?? '');
