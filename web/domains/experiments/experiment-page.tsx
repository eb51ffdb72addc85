import { Button } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { ExperimentRun, MetricValue } from '../../api/types.ts';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { ago, duration, MISSING, plain, toMs } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { useUrlState } from '../../ui/url-state.ts';

/** A metric for people; words for what JSON has no number for. */
export function metricText(value: MetricValue | undefined): string {
  if (value === undefined) return MISSING;
  return typeof value === 'number' ? plain(value, 4) : value;
}

function varies(runs: ExperimentRun[], param: string): boolean {
  return runs.length < 2 || new Set(runs.map((run) => run.params[param])).size > 1;
}

/** What differs between the runs comes first, and what was measured on unseen rows before the training's own. */
function keysOf(
  runs: ExperimentRun[],
  pick: (run: ExperimentRun) => Record<string, unknown>,
  most: number,
): string[] {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(pick(run))))];
  const varies = (key: string) => new Set(runs.map((run) => JSON.stringify(pick(run)[key]))).size > 1;
  const rank = (key: string) => (varies(key) ? 2 : 0) + (key.startsWith('train.') ? 0 : 1);
  return keys.sort((left, right) => rank(right) - rank(left)).slice(0, most);
}

type Picks = { picked: string[]; toggle: (id: string) => void };

function columnsOf(runs: ExperimentRun[], { picked, toggle }: Picks): Column<ExperimentRun>[] {
  return [
    {
      key: 'pick',
      title: '',
      value: (run) => picked.includes(run.id),
      render: (run) => (
        <input
          type="checkbox"
          className="pick"
          aria-label={`Compare ${run.name || run.id}`}
          checked={picked.includes(run.id)}
          onClick={(event) => event.stopPropagation()}
          onChange={() => toggle(run.id)}
        />
      ),
      sortable: false,
      width: '36px',
    },
    {
      key: 'status',
      title: 'State',
      value: (run) => run.status,
      render: (run) => <StateBadge state={run.status} bare />,
      width: '110px',
    },
    {
      key: 'name',
      title: 'Run',
      value: (run) => run.name || run.id,
      render: (run) => <b>{run.name || run.id}</b>,
      width: 'minmax(180px, 1.2fr)',
    },
    ...keysOf(runs, (run) => run.metrics, 5).map<Column<ExperimentRun>>((key) => ({
      key: `metrics.${key}`,
      title: key,
      value: (run) => (typeof run.metrics[key] === 'number' ? run.metrics[key] : undefined),
      render: (run) => metricText(run.metrics[key]),
      align: 'right',
      width: '96px',
    })),
    ...keysOf(runs, (run) => run.params, 4)
      .filter((key) => varies(runs, key))
      .map<Column<ExperimentRun>>((key) => ({
        key: `params.${key}`,
        title: <span className="faint">{key}</span>,
        value: (run) => run.params[key],
        width: 'minmax(88px, 0.7fr)',
      })),
    {
      key: 'started',
      title: 'Started',
      value: (run) => timeValue(run.startedAt),
      render: (run) => ago(run.startedAt),
      width: '110px',
    },
    {
      key: 'took',
      title: 'Took',
      value: (run) => tookMs(run) ?? undefined,
      render: (run) => duration(tookMs(run)),
      align: 'right',
      width: '90px',
    },
  ];
}

function tookMs(run: ExperimentRun): number | null {
  const start = toMs(run.startedAt);
  const end = toMs(run.endedAt);
  return start === null || end === null ? null : end - start;
}

/** The runs of one experiment, metrics and the params that differ side by side. */
export function ExperimentPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = `${path`/api/experiments/${name}`}/runs`;
  const runs = useList<ExperimentRun>(target, { query: { limit: 1000 } });
  const navigate = useNavigate();
  const [text, pick] = useUrlState('pick');
  const picked = text.split(',').filter(Boolean);
  const toggle = (id: string) =>
    pick((picked.includes(id) ? picked.filter((one) => one !== id) : [...picked, id]).join(','));
  const compare = (
    <Button
      variant={picked.length >= 2 ? 'filled' : 'default'}
      disabled={picked.length < 2}
      onClick={() =>
        void navigate({ to: '/experiments/runs/compare', search: { runs: picked.join(',') } as never })
      }
    >
      {picked.length >= 2 ? `Compare ${picked.length} runs` : 'Compare: tick two runs'}
    </Button>
  );
  return (
    <Page title={name} crumbs={[{ label: 'Experiments', to: '/experiments' }]} api={{ path: target }}>
      <Panel flush>
        <Loaded query={runs} rows={8}>
          {(list) => (
            <DataTable
              name="runs"
              rows={list.items}
              columns={columnsOf(list.items, { picked, toggle })}
              rowKey={(run) => run.id}
              sort="-started"
              tools={list.items.length > 1 ? compare : null}
              onOpen={(run) => void navigate({ to: `/experiments/runs/${encodeURIComponent(run.id)}` })}
              empty={<Empty title="This experiment has no run yet" />}
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
