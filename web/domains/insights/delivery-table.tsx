import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { duration, MISSING, utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import type { VersionStory } from './delivery.ts';

const columns: Column<VersionStory>[] = [
  {
    key: 'version',
    title: 'Version',
    value: (item) => item.subject,
    render: (item) => <SubjectLink subject={item.subject} />,
    width: 'minmax(180px, 1.4fr)',
  },
  {
    key: 'registered',
    title: 'Registered (UTC)',
    value: (item) => timeValue(item.registeredAt),
    render: (item) => utc(item.registeredAt, 'second'),
    width: '170px',
  },
  {
    key: 'gate',
    title: 'Gate',
    value: (item) => item.gate,
    render: (item) => (item.gate ? <StateBadge state={item.gate} bare /> : MISSING),
    width: '110px',
  },
  {
    key: 'rollout',
    title: 'Rollout',
    value: (item) => item.rollout,
    render: (item) =>
      item.rollout ? (
        <span className="row">
          <StateBadge
            state={item.rollout === 'started' || item.rollout === 'advanced' ? 'canary' : item.rollout}
            bare
          />
        </span>
      ) : (
        MISSING
      ),
    width: '150px',
  },
  {
    key: 'decided',
    title: 'Serving since (UTC)',
    value: (item) => timeValue(item.decidedAt),
    render: (item) => utc(item.decidedAt, 'second'),
    width: '180px',
  },
  {
    key: 'lead',
    title: 'Registered to serving',
    value: (item) => item.leadMs ?? undefined,
    render: (item) => duration(item.leadMs),
    align: 'right',
    width: '160px',
  },
];

/** The way of every version. */
export function DeliveryTable({ versions }: { versions: VersionStory[] }) {
  return (
    <Panel title="The way of each version" flush>
      <DataTable
        name="delivery"
        rows={versions}
        columns={columns}
        rowKey={(item) => `${item.subject}:${item.registeredAt}`}
        sort="-registered"
        empty={
          <Empty title="No version has been registered" command="npx houston models register NAME model.onnx">
            From the first version on, its way through gate and rollout is measured here.
          </Empty>
        }
      />
    </Panel>
  );
}
