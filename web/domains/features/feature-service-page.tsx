import { useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { FeatureDefinition, FeatureService } from '../../api/types.ts';
import { JsonBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/feedback.tsx';
import { bytes, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { TryVector } from './try-vector.tsx';

/** "mean of late over 3h, by origin". */
function meaning(feature: FeatureDefinition): string {
  if (!feature.over) return feature.expression ?? '';
  const by = feature.key && feature.key.length > 0 ? `by ${feature.key.join(', ')}` : 'over all rows';
  const lookup =
    feature.lookup && feature.lookup.join() !== feature.key?.join()
      ? `, looked up with ${feature.lookup.join(', ')}`
      : '';
  return `${feature.expression ?? feature.kind} ${by}${lookup}`;
}

const columns: Column<FeatureDefinition>[] = [
  {
    key: 'name',
    title: 'Feature',
    value: (item) => item.name,
    render: (item) => <b>{item.name}</b>,
    width: 'minmax(190px, 1.2fr)',
  },
  {
    key: 'meaning',
    title: 'Is',
    value: meaning,
    render: (item) => <span className="mono">{meaning(item)}</span>,
    width: 'minmax(220px, 2fr)',
  },
  { key: 'over', title: 'Window', value: (item) => item.over, align: 'right', width: '80px' },
  { key: 'grain', title: 'Grain', value: (item) => item.grain, align: 'right', width: '70px' },
  { key: 'knownAt', title: 'Known at', value: (item) => item.knownAt, width: '120px' },
  { key: 'type', title: 'Type', value: (item) => item.type, width: '90px' },
  {
    key: 'description',
    title: 'Description',
    value: (item) => item.description,
    width: 'minmax(120px, 1.2fr)',
  },
];

/** One feature service: its features, its online store, and a form to ask it for a vector. */
export function FeatureServicePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/features/services/${name}`;
  const service = useApi<FeatureService>(target, { every: 10_000 });
  const [tab] = useTab('features');
  const found = service.data;
  return (
    <Page
      of={service}
      title={name}
      crumbs={[{ label: 'Features', to: '/features' }]}
      subject={
        found
          ? `feature-service:${name}@${found.digest.replace(/^sha256:/, '').slice(0, 12)}`
          : `feature-service:${name}`
      }
      state={
        found ? (
          <StateBadge
            state={found.online.rows > 0 ? 'healthy' : 'no data'}
            title={
              found.online.rows > 0
                ? 'The online store holds events'
                : 'No event has been pushed to the online store'
            }
          />
        ) : undefined
      }
      api={{ path: target }}
      {...(found?.description ? { lead: found.description } : {})}
      tabs={
        <Tabs
          items={[
            { key: 'features', label: 'Features', count: found?.features.length },
            { key: 'try', label: 'Try a vector' },
            { key: 'definition', label: 'Definition' },
          ]}
        />
      }
    >
      <Loaded query={service} height={360}>
        {(item) => (
          <>
            <Panel title="Online store" note="what a live request can see">
              <Stats>
                <Stat label="Events in the windows" value={item.online.rows} />
                <Stat label="Keys" value={item.online.keys} />
                <Stat label="Tiles" value={item.online.tiles} hint="Pre-aggregated pieces of the windows" />
                <Stat label="Oldest event (UTC)" value={utc(item.online.oldest)} />
                <Stat label="Newest event (UTC)" value={utc(item.online.newest)} />
                <Stat label="Log on disk" value={bytes(item.online.logBytes)} />
              </Stats>
            </Panel>
            {tab === 'features' ? (
              <>
                <Panel
                  title="Features"
                  note="computed by the same definition offline and online; no row sees itself or its future"
                  flush
                >
                  <DataTable
                    name="features"
                    rows={item.features}
                    columns={columns}
                    rowKey={(feature) => feature.name}
                  />
                </Panel>
                <Panel title="Request" span={6} note="what a live request carries" flush>
                  <table className="plain-table">
                    <tbody>
                      {Object.entries(item.request).map(([key, type]) => (
                        <tr key={key}>
                          <td>{key}</td>
                          <td className="dim">{type}</td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </Panel>
                <Panel title="Service" span={6}>
                  <KeyValue
                    items={[
                      ['Source', <SubjectLink key="s" subject={`dataset:${item.source}`} />],
                      ['Event time', item.eventTime],
                      ['Label', item.label],
                      ['Version', `${item.version} of ${item.versions.length}`],
                      ['Digest', <Digest key="d" digest={item.digest} />],
                      ['Made', `${utc(item.createdAt)} UTC`],
                    ]}
                  />
                </Panel>
              </>
            ) : null}
            {tab === 'try' ? <TryVector service={item} /> : null}
            {tab === 'definition' ? (
              <Panel title="Definition" note="as declared">
                <JsonBlock value={item.definition} maxHeight={640} />
              </Panel>
            ) : null}
          </>
        )}
      </Loaded>
    </Page>
  );
}
