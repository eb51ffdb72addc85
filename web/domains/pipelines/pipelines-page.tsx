import { Link } from '@tanstack/react-router';
import { useList } from '../../api/hooks.ts';
import type { PipelineItem, PipelineRun } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { ago, duration, MISSING } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { tookMs, triggerWords } from './pipeline-words.ts';
import { RunButton } from './run-form.tsx';
import { RunsTable } from './runs-table.tsx';

const example = `# houston.yaml
pipelines:
  nightly:
    on: { schedule: { cron: '0 3 * * *' } }
    jobs:
      validate: { uses: data/validate, with: { dataset: flights } }
      train: { needs: [validate], uses: experiments/train, with: { trainer: gradient-boosting } }`;

/** Every pipeline with its last runs. */
export function PipelinesPage() {
  const pipelines = useList<PipelineItem>('/api/pipelines');
  const runs = useList<PipelineRun>('/api/pipelines/runs', { query: { limit: 200 }, every: 5_000 });
  const running = runs.data?.items.filter((run) => run.state === 'running').length ?? 0;
  return (
    <Page
      title="Pipelines"
      state={running > 0 ? <StateBadge state="running" /> : undefined}
      api={{ path: '/api/pipelines', cli: 'houston pipelines list' }}
    >
      <Panel title="Pipelines" flush>
        <Loaded query={pipelines} rows={3}>
          {(list) =>
            list.items.length === 0 ? (
              <Empty title="No pipeline is declared" command={example}>
                Write one into houston.yaml with the words that you know from GitHub Actions, and run{' '}
                <code>npx houston apply</code>.
              </Empty>
            ) : (
              <table className="plain-table">
                <thead>
                  <tr>
                    <th>Pipeline</th>
                    <th>Last runs</th>
                    <th>Starts</th>
                    <th className="right">Jobs</th>
                    <th>Last run</th>
                    <th className="right">Took</th>
                    <th />
                  </tr>
                </thead>
                <tbody>
                  {list.items.map((pipeline) => (
                    <PipelineRow
                      key={pipeline.name}
                      pipeline={pipeline}
                      runs={(runs.data?.items ?? []).filter((run) => run.pipeline === pipeline.name)}
                    />
                  ))}
                </tbody>
              </table>
            )
          }
        </Loaded>
      </Panel>
      <Panel title="Runs" note="newest first" flush>
        <Loaded query={runs} rows={6}>
          {(list) => (
            <RunsTable
              runs={list.items}
              empty={
                <Empty title="Nothing has run yet" command="npx houston pipelines run NAME">
                  A run keeps the state, log, inputs and outputs of every step, and continues from its last
                  finished step after a restart.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}

function PipelineRow({ pipeline, runs }: { pipeline: PipelineItem; runs: PipelineRun[] }) {
  const last = runs[0] ?? pipeline.latest ?? undefined;
  const { definition } = pipeline;
  return (
    <tr>
      <td>
        <Link to={`/pipelines/${encodeURIComponent(pipeline.name)}`} className="name" title={pipeline.name}>
          {pipeline.name}
        </Link>
      </td>
      <td>
        <span className="row" style={{ gap: 4 }}>
          {runs
            .slice(0, 8)
            .reverse()
            .map((run) => (
              <Link
                key={run.id}
                to={`/pipelines/runs/${run.id}`}
                title={`${run.id}: ${run.state}`}
                aria-label={`${run.id}: ${run.state}`}
              >
                <RunMark state={run.state} />
              </Link>
            ))}
          {runs.length === 0 ? <span className="faint">{MISSING}</span> : null}
        </span>
      </td>
      <td className="dim">{triggerWords(definition.on)}</td>
      <td className="right">{Object.keys(definition.jobs).length}</td>
      <td>
        {last ? (
          <span className="row">
            <StateBadge state={last.state} bare />{' '}
            <span className="dim">{ago(last.startedAt ?? last.createdAt)}</span>
          </span>
        ) : (
          MISSING
        )}
      </td>
      <td className="right">{last ? duration(tookMs(last)) : MISSING}</td>
      <td className="right">
        <RunButton pipeline={pipeline} compact />
      </td>
    </tr>
  );
}

const tones: Record<string, string> = {
  succeeded: 'ok',
  failed: 'bad',
  stopped: 'warn',
  cancelled: 'pause',
  running: 'accent',
  queued: 'line-strong',
};

function RunMark({ state }: { state: string }) {
  const high = state === 'failed' || state === 'stopped';
  return (
    <svg width={8} height={18} aria-hidden="true" style={{ display: 'block' }}>
      <rect
        x={0}
        y={high ? 0 : 5}
        width={7}
        height={high ? 18 : 13}
        rx={1}
        fill={`var(--${tones[state] ?? 'none'})`}
      />
    </svg>
  );
}
