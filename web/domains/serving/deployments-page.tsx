import { useNavigate } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, WindowStrip } from '../../api/types.ts';
import { inEnvironment, useEnvironment } from '../../app/environment.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { count, duration, percent, significant, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateStrip } from '../../ui/sparkline.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { DeployButton } from './deploy-dialog.tsx';
import { servedWords, servingReason, servingState } from './deployment-words.ts';
import { GraphButton } from './graph-button.tsx';

type Row = Deployment & { windows: WindowStrip['windows'] };

/** Every deployment: is it well, what does it serve, how much, how fast, and what is on its way in. */
export function DeploymentsPage() {
  const deployments = useList<Deployment>('/api/serving/deployments', { every: 5_000 });
  const strips = useList<WindowStrip>('/api/monitoring/windows', { query: { newest: 16 }, every: 15_000 });
  const windows = new Map(strips.data?.items.map((strip) => [strip.deployment, strip.windows]));
  const [environment] = useEnvironment();
  const navigate = useNavigate();
  return (
    <Page
      title="Deployments"
      api={{ path: '/api/serving/deployments', cli: 'houston status' }}
      actions={
        <>
          <GraphButton />
          <DeployButton />
        </>
      }
    >
      <Panel flush>
        <Loaded query={deployments} rows={8}>
          {(list) => {
            const rows = list.items
              .filter((item) => inEnvironment(item.environment, environment))
              .map((item): Row => ({ ...item, windows: windows.get(item.name) ?? [] }));
            return (
              <DataTable
                name="deployments"
                rows={rows}
                columns={columns}
                rowKey={(deployment) => deployment.name}
                onOpen={(deployment) => void navigate({ to: path`/serving/${deployment.name}` })}
                empty={
                  list.items.length > 0 ? (
                    <Empty title={`No deployment in ${environment}`}>
                      Choose another environment at the top left.
                    </Empty>
                  ) : (
                    <Empty
                      title="Nothing is deployed"
                      command="npx houston deploy my-model"
                      action={<DeployButton />}
                    >
                      A deployment answers at /v2/models/NAME/infer, is watched from its first request, and
                      goes back to the version before at the next request.
                    </Empty>
                  )
                }
              />
            );
          }}
        </Loaded>
      </Panel>
    </Page>
  );
}

const columns: Column<Row>[] = [
  {
    key: 'state',
    title: 'State',
    value: servingState,
    render: (deployment) => <StateBadge state={servingState(deployment)} title={servingReason(deployment)} />,
    width: '112px',
  },
  {
    key: 'name',
    title: 'Deployment',
    value: (deployment) => deployment.name,
    render: (deployment) => (
      <>
        <b>{deployment.name}</b> <span className="tag">{deployment.environment}</span>
      </>
    ),
    width: 'minmax(150px, 2fr)',
  },
  {
    key: 'serves',
    title: 'Serves',
    value: (deployment) =>
      deployment.champion ? `${deployment.champion.model} ${deployment.champion.version}` : null,
    render: (deployment) =>
      deployment.champion ? (
        deployment.champion.models ? (
          <span title={servedWords(deployment.champion)}>graph {deployment.champion.version}</span>
        ) : deployment.champion.model === deployment.name ? (
          `version ${deployment.champion.version}`
        ) : (
          `${deployment.champion.model} ${deployment.champion.version}`
        )
      ) : (
        <span className="faint">–</span>
      ),
    width: 'minmax(86px, 1fr)',
  },
  {
    key: 'rollout',
    title: 'On its way',
    value: (deployment) => deployment.rollout?.state,
    render: (deployment) =>
      deployment.rollout ? (
        <span className="row" style={{ gap: 6 }}>
          <StateBadge state={deployment.rollout.state} />
          {deployment.rollout.challenger ? `v${deployment.rollout.challenger.version}` : ''}
          {deployment.rollout.state === 'canary' ? (
            <span className="dim">{deployment.rollout.weight} %</span>
          ) : null}
        </span>
      ) : (
        <span className="faint">–</span>
      ),
    width: 'minmax(110px, 1.2fr)',
  },
  {
    key: 'windows',
    title: 'Past windows',
    value: () => null,
    render: ({ windows }) => <PastWindows windows={windows} />,
    sortable: false,
    width: '126px',
  },
  {
    key: 'rate',
    title: 'Requests/s',
    value: (deployment) => deployment.traffic.requestsPerSecond,
    render: (deployment) => significant(deployment.traffic.requestsPerSecond, 3),
    width: '86px',
    align: 'right',
  },
  {
    key: 'p99',
    title: 'p50 / p99',
    value: (deployment) => deployment.traffic.p99Ms,
    render: (deployment) => `${duration(deployment.traffic.p50Ms)} / ${duration(deployment.traffic.p99Ms)}`,
    width: '136px',
    align: 'right',
  },
  {
    key: 'errors',
    title: 'Errors',
    value: (deployment) => deployment.traffic.errors,
    render: ({ traffic }) => (
      <span
        title={`${traffic.errors} of ${traffic.requests} requests`}
        style={traffic.errors > 0 ? { color: 'var(--bad)' } : undefined}
      >
        {traffic.requests > 0 ? percent(traffic.errors / traffic.requests, 2) : '–'}
      </span>
    ),
    width: '84px',
    align: 'right',
  },
  ageColumn('changed', 'Changed', (deployment) => deployment.updatedAt),
];

/** The health of the past windows as a strip. */
function PastWindows({ windows }: { windows: WindowStrip['windows'] }) {
  if (windows.length === 0) return <span className="faint">–</span>;
  return (
    <StateStrip
      label={`Last ${windows.length} windows`}
      states={windows.map((window) => ({
        state: window.state,
        title: `${utc(window.start)} UTC: ${window.state}, ${count(window.rows)} rows`,
      }))}
    />
  );
}
