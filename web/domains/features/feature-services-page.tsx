import { useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/hooks.ts';
import type { FeatureService } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { count, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SubjectLink } from '../../ui/subject.tsx';

const columns: Column<FeatureService>[] = [
  {
    key: 'name',
    title: 'Feature service',
    value: (item) => item.name,
    render: (item) => <b>{item.name}</b>,
    width: 'minmax(160px, 1.4fr)',
  },
  {
    key: 'features',
    title: 'Features',
    value: (item) => item.features.length,
    align: 'right',
    width: '90px',
  },
  {
    key: 'source',
    title: 'Source',
    value: (item) => item.source,
    render: (item) => <SubjectLink subject={`dataset:${item.source}`} />,
    width: 'minmax(120px, 1fr)',
  },
  { key: 'label', title: 'Label', value: (item) => item.label, width: '110px' },
  { key: 'version', title: 'Version', value: (item) => item.version, align: 'right', width: '80px' },
  {
    key: 'digest',
    title: 'Digest',
    value: (item) => item.digest,
    render: (item) => <Digest digest={item.digest} />,
    width: '150px',
    spare: 1,
  },
  {
    key: 'rows',
    title: 'Events online',
    value: (item) => item.online?.rows,
    render: (item) => count(item.online?.rows),
    align: 'right',
    width: '120px',
  },
  {
    key: 'newest',
    title: 'Newest event (UTC)',
    value: (item) => timeValue(item.online?.newest),
    render: (item) => utc(item.online?.newest),
    width: '160px',
  },
  ageColumn('created', 'Changed', (item) => item.createdAt),
];

/** All feature services: one definition each, for training and for serving. */
export function FeatureServicesPage() {
  const services = useList<FeatureService>('/api/features/services');
  const navigate = useNavigate();
  return (
    <Page title="Features" api={{ path: '/api/features/services' }}>
      <Panel flush>
        <Loaded query={services} rows={5}>
          {(list) => (
            <DataTable
              name="services"
              rows={list.items}
              columns={columns}
              rowKey={(item) => item.name}
              sort="name"
              onOpen={(item) => void navigate({ to: `/features/${encodeURIComponent(item.name)}` })}
              empty={
                <Empty
                  title="No feature is defined"
                  command={`# houston.yaml
features:
  flights-delay:
    source: flights
    event_time: date
    label: late
    derive: { late: "delay > 15" }
    request: { date: timestamp, origin: string }
    features:
      hour: { expression: "hour(date)" }
      origin_late_share_3h: { key: [origin], mean: late, over: 3h }`}
                >
                  Write a feature once into houston.yaml and run <code>npx houston apply</code>. The same
                  definition makes the training set, point-in-time correct, and answers live requests.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
