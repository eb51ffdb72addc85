import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api, path } from '../../api/client.ts';
import type { Deployment } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { bytes, count, duration, percent, plural, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Confirm } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { declaredWords } from './deployment-words.ts';
import { lossWords, rolloutSettings } from './rollout-settings.ts';

/** What is declared, with the defaults that hold where nothing is. */
export function DeploymentSettings({ deployment }: { deployment: Deployment }) {
  const settings = rolloutSettings(deployment.spec);
  const own = new Set(Object.keys(deployment.spec.rollout ?? {}));
  const [asked, ask] = useState(false);
  const navigate = useNavigate();
  const line = (key: string, label: string, value: string): [string, ReactNode] => [
    label,
    <span key={key}>
      {value} {own.has(key) ? null : <span className="faint">default</span>}
    </span>,
  ];
  return (
    <>
      <Panel title="How a new version comes in" span={6}>
        <KeyValue
          items={[
            line('strategy', 'Strategy', settings.strategy),
            line('shadowRequests', 'Shadow', `${settings.shadowRequests} requests`),
            line('steps', 'Steps', settings.steps.map((step) => `${step} %`).join(', ')),
            line('minimumRequests', 'In each step', `at least ${settings.minimumRequests} requests`),
            line(
              'minimumLabelled',
              'For promotion',
              settings.requireLabels
                ? `at least ${settings.minimumLabelled} requests with outcomes`
                : 'outcomes are not asked for',
            ),
            line('margin', 'Margin', `${lossWords[settings.loss]} worse by at most ${settings.margin}`),
            line('alpha', 'Error rate', `rolls a good version back in at most ${settings.alpha * 100} %`),
            line(
              'latencyObjectiveMs',
              'Slow from',
              settings.latencyObjectiveMs === null
                ? "the champion's own latency decides"
                : `${settings.latencyObjectiveMs} ms`,
            ),
            line(
              'timeoutMinutes',
              'Held after',
              `${duration(settings.timeoutMinutes * 60_000)} without a decision`,
            ),
          ]}
        />
      </Panel>
      <Panel title="Deployment" span={6}>
        <KeyValue
          items={[
            ['Declared', declaredWords(deployment.spec, 'a graph').trim()],
            ['Environment', deployment.environment],
            [
              'Features',
              deployment.spec.features ? (
                <SubjectLink key="f" subject={`feature-service:${deployment.spec.features}`} />
              ) : (
                'none: inputs go to the model as sent'
              ),
            ],
            [
              'Champion',
              deployment.champion ? (
                <SubjectLink
                  key="c"
                  subject={`model:${deployment.champion.model}/${deployment.champion.version}`}
                />
              ) : null,
            ],
            ['Recorded', recordedOf(deployment)],
            ['Runs', runsOn(deployment)],
            ['Warmed on', warmedOn(deployment)],
            ['Answers given again', cacheOf(deployment)],
            ['When it fails', fallbackOf(deployment)],
            ['Its digest', <Digest key="d" digest={deployment.champion?.digest} />],
            [
              'Previous',
              deployment.previous ? (
                <SubjectLink
                  key="p"
                  subject={`model:${deployment.previous.model}/${deployment.previous.version}`}
                />
              ) : (
                'none'
              ),
            ],
            ['Created', `${utc(deployment.createdAt)} UTC`],
            ['Changed', `${utc(deployment.updatedAt)} UTC`],
          ]}
        />
      </Panel>
      <Panel title="In houston.yaml" note="change it there and run houston apply">
        <CodeBlock code={yamlOf(deployment)} />
      </Panel>
      <Panel title="Take it off the air">
        <div className="stack">
          <div className="dim">
            Requests to {deployment.name} get an answer 404 afterwards. Its recorded predictions and its
            history stay.
          </div>
          <div>
            <Button color="red" variant="default" onClick={() => ask(true)}>
              Remove {deployment.name}
            </Button>
          </div>
        </div>
        <Confirm
          open={asked}
          close={() => ask(false)}
          title={`Take ${deployment.name} (${deployment.environment}) off the air`}
          verb={`Remove ${deployment.name}`}
          danger
          run={async () => {
            await api.remove(path`/api/serving/deployments/${deployment.name}`);
            void navigate({ to: '/serving' });
          }}
        >
          {deployment.champion
            ? `Version ${deployment.champion.version} of ${deployment.champion.model} stops answering at once. `
            : ''}
          Models, predictions and ledger stay; deploying again brings it back.
        </Confirm>
      </Panel>
    </>
  );
}

/** Where the champion's model runs. */
function runsOn({ champion, route }: Deployment): string {
  const upstream = champion?.settings.upstream as { url: string; protocol: string } | undefined;
  if (upstream) return `at ${upstream.url} (${upstream.protocol})`;
  const placement = route.find(({ arm }) => arm === 'champion')?.placement;
  if (placement === 'none') return 'nowhere: it is in quarantine';
  if (placement === 'process') return 'here, in processes of its own';
  return placement === 'worker' ? 'here, in worker threads' : 'here, in the server itself';
}

/** What the champion was run on before it answered anybody. */
function warmedOn({ route }: Deployment): string {
  const champion = route.find(({ arm }) => arm === 'champion');
  if (!champion) return 'nothing: it is not in memory';
  if (champion.placement === 'upstream') return 'nothing: it runs elsewhere';
  const { requests, rows } = champion.warmedOn;
  return requests === 0
    ? 'rows of zeros: nothing recorded was there that fits'
    : `${plural(rows, 'recorded row')} in ${plural(requests, 'request')}`;
}

function cacheOf({ cache }: Deployment): string {
  if (cache === null) return 'none: every request is run';
  const age = cache.ttlSeconds === null ? '' : `, for at most ${duration(cache.ttlSeconds * 1000)}`;
  return `up to ${count(cache.maxEntries)} in ${bytes(cache.maxBytes)}${age}`;
}

/** What of the requests is kept, and for how long, in a line. */
function recordedOf({ spec }: Deployment): string {
  type Rule = string | { redact?: string; retentionDays?: number };
  const { recording, entity } = spec as {
    recording?: { sample?: number; retentionDays?: number; fields?: Record<string, Rule> };
    entity?: string[];
  };
  const { sample = 1, retentionDays, fields = {} } = recording ?? {};
  const rules = Object.entries(fields).map(([name, rule]) => {
    const { redact, retentionDays: days } = typeof rule === 'string' ? { redact: rule } : rule;
    const how = [redact, days === undefined ? undefined : `${days} days`].filter(Boolean).join(', ');
    return `${name}: ${how}`;
  });
  return [
    sample === 1 ? 'every request' : `${percent(sample)} of the requests`,
    retentionDays === undefined ? 'for good' : `for ${retentionDays} days`,
    ...rules,
    ...(entity ? [`entity ${entity.join(', ')}`] : []),
  ].join('; ');
}

function fallbackOf({ spec }: Deployment): string {
  const fallback = spec.fallback as string | { constant: object } | undefined;
  if (fallback === undefined) return 'the request fails';
  return typeof fallback === 'string'
    ? `${fallback} answers`
    : `constant: ${JSON.stringify(fallback.constant)}`;
}

function yamlOf(deployment: Deployment): string {
  const lines = (value: unknown, depth: number): string[] =>
    Object.entries(value as Record<string, unknown>).flatMap(([key, item]) => {
      const pad = '  '.repeat(depth);
      if (item !== null && typeof item === 'object' && !Array.isArray(item))
        return [`${pad}${key}:`, ...lines(item, depth + 1)];
      // A text with anything but plain characters stands in quotes.
      const isPlain = typeof item === 'string' && /^[\w@.:/-]+$/.test(item);
      return [`${pad}${key}: ${isPlain ? item : JSON.stringify(item)}`];
    });
  return ['deployments:', `  ${deployment.name}:`, ...lines(deployment.spec, 2)].join('\n');
}
