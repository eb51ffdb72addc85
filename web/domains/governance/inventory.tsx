import { Link } from '@tanstack/react-router';
import { useApi } from '../../api/hooks.ts';
import type { InventoryItem, List } from '../../api/types.ts';
import { inEnvironment, useEnvironment } from '../../app/environment.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { MISSING } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { Severity } from '../registry/severity.tsx';

const columns: Column<InventoryItem>[] = [
  {
    key: 'model',
    title: 'Model',
    value: (item) => item.model,
    render: (item) => <SubjectLink subject={`model:${item.model}`} />,
    width: 'minmax(150px, 1fr)',
  },
  {
    key: 'owner',
    title: 'Owner',
    value: (item) => item.owner,
    render: (item) => item.owner || <span style={{ color: 'var(--warn)' }}>nobody</span>,
    width: '120px',
  },
  {
    key: 'risk',
    title: 'Risk',
    value: (item) => item.risk?.score ?? 99,
    render: (item) => <Severity risk={item.risk} />,
    width: '170px',
  },
  {
    key: 'versions',
    title: 'Versions',
    value: (item) => item.versions,
    align: 'right',
    width: '84px',
    spare: 1,
  },
  {
    key: 'aliases',
    title: 'Aliases',
    value: (item) =>
      Object.entries(item.aliases)
        .map(([alias, version]) => `${alias} → ${version}`)
        .join(', '),
    width: 'minmax(140px, 1fr)',
  },
  {
    key: 'deployments',
    title: 'Decides in',
    value: (item) =>
      item.deployments
        .map(
          (deployment) =>
            `${deployment.deployment} (${deployment.environment}, version ${deployment.version})`,
        )
        .join(', '),
    render: (item) =>
      item.deployments.length === 0
        ? MISSING
        : item.deployments.map((deployment) => (
            <span key={deployment.deployment} style={{ marginRight: 12 }}>
              <Link to={`/serving/${encodeURIComponent(deployment.deployment)}`}>
                {deployment.deployment}
              </Link>{' '}
              <span className="dim">
                {deployment.environment}, version {deployment.version}
              </span>{' '}
              {deployment.verdict ? <StateBadge state={deployment.verdict} bare /> : null}
            </span>
          )),
    width: 'minmax(240px, 2fr)',
  },
  {
    key: 'policies',
    title: 'Policies',
    value: (item) => item.policies.join(', '),
    width: 'minmax(120px, 1fr)',
  },
];

/** Everything that decides, with its owner and its risk; the riskiest first. */
export function Inventory() {
  const inventory = useApi<List<InventoryItem>>('/api/governance/inventory');
  const [environment] = useEnvironment();
  const belongs = ({ deployments }: InventoryItem) =>
    environment === 'all' || deployments.some((one) => inEnvironment(one.environment, environment));
  return (
    <Panel title="Inventory" note="everything on this server that decides, the riskiest first" flush>
      <Loaded query={inventory} rows={5}>
        {(list) => (
          <DataTable
            name="inventory"
            rows={list.items.filter(belongs)}
            columns={columns}
            rowKey={(item) => item.model}
            sort="-risk"
            empty={
              <Empty
                title={list.items.length ? 'Nothing decides in this environment' : 'Nothing decides here yet'}
                command="npx houston models register NAME model.onnx"
              >
                Every registered model stands in the inventory from its first moment.
              </Empty>
            }
          />
        )}
      </Loaded>
    </Panel>
  );
}
