import { Button, Modal, Select } from '@mantine/core';
import { useNavigate, useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { Dataset, DatasetVersion, Validation } from '../../api/types.ts';
import { Digest } from '../../ui/copy-id.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { ago, bytes, group, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { DiffView } from './diff-view.tsx';
import { ProfileView } from './profile-view.tsx';
import { RowsView } from './rows-view.tsx';
import { UploadForm } from './upload-form.tsx';
import { ExpectationsView, ValidationsView } from './validations-view.tsx';
import { VersionsView } from './versions-view.tsx';

/** One dataset: is its newest version sound, what is in it, how it came to be. */
export function DatasetPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/data/datasets/${name}`;
  const dataset = useApi<Dataset>(target);
  const versions = useList<DatasetVersion>(`${target}/versions`, { query: { limit: 1000 } });
  const validations = useList<Validation>(`${target}/validations`);
  const [tab] = useTab('profile');
  const [wanted, want] = useUrlState('do');
  const [chosen, choose] = useUrlState('version');
  const navigate = useNavigate();
  const list = [...(versions.data?.items ?? [])].sort((left, right) => right.version - left.version);
  const version = list.find((item) => String(item.version) === chosen) ?? list[0];
  const newest = validations.data?.items.find((item) => item.outcome !== 'checked');
  const refused = newest?.outcome === 'refused';
  return (
    <Page
      of={dataset}
      title={name}
      crumbs={[{ label: 'Data', to: '/data' }]}
      subject={version ? `dataset:${name}@${version.version}` : `dataset:${name}`}
      state={
        version ? (
          <StateBadge
            state={refused ? 'degraded' : 'healthy'}
            title={
              refused
                ? 'The last batch was refused; nothing of it was kept'
                : 'The newest version holds its expectations'
            }
          />
        ) : (
          <StateBadge state="no data" />
        )
      }
      actions={
        <>
          {list.length > 1 ? (
            <Select
              aria-label="Version"
              w={168}
              data={list.map((item, at) => ({
                value: String(item.version),
                label: `version ${item.version}${at === 0 ? ' (newest)' : ''}`,
              }))}
              value={String(version?.version ?? '')}
              onChange={(value) => choose(value === String(list[0]?.version) ? '' : (value ?? ''))}
            />
          ) : null}
          <Button onClick={() => want('upload')}>Upload data</Button>
        </>
      }
      api={{ path: target, cli: `houston data versions ${name}` }}
      {...(dataset.data?.description ? { lead: dataset.data.description } : {})}
      tabs={
        <Tabs
          items={[
            { key: 'profile', label: 'Profile' },
            { key: 'rows', label: 'Rows' },
            { key: 'versions', label: 'Versions', count: dataset.data?.latestVersion },
            { key: 'validations', label: 'Validations' },
            { key: 'expectations', label: 'Expectations', count: dataset.data?.expectations.length },
            { key: 'diff', label: 'Difference' },
          ]}
        />
      }
    >
      {version ? (
        <Panel>
          <Stats>
            <Stat
              label="Version"
              value={String(version.version)}
              note={`${version.mode} · ${ago(version.createdAt)}`}
            />
            <Stat label="Rows" value={version.rows} note={group(version.rows)} />
            <Stat label="Columns" value={version.columns.length} />
            <Stat label="Size" value={bytes(version.bytes)} note="Parquet" />
            <Stat
              label="Event time (UTC)"
              value={version.timeFrom ? utc(version.timeFrom, 'day') : '–'}
              note={
                version.timeTo
                  ? `to ${utc(version.timeTo, 'day')}${dataset.data?.eventTime ? ` by ${dataset.data.eventTime}` : ''}`
                  : 'no event time declared'
              }
            />
            <div className="stat">
              <div className="stat-label">Digest</div>
              <div style={{ lineHeight: '28px' }}>
                <Digest digest={version.digest} />
              </div>
              <div className="stat-note">{version.source}</div>
            </div>
          </Stats>
        </Panel>
      ) : null}
      <Loaded query={versions} height={300}>
        {() =>
          version || tab === 'expectations' || tab === 'validations' ? (
            <>
              {tab === 'profile' && version ? <ProfileView name={name} version={version} /> : null}
              {tab === 'rows' && version ? <RowsView name={name} version={version} /> : null}
              {tab === 'versions' ? (
                <VersionsView versions={list} choose={(number) => choose(String(number))} />
              ) : null}
              {tab === 'validations' ? <ValidationsView name={name} validations={validations} /> : null}
              {tab === 'expectations' ? (
                <ExpectationsView
                  expectations={dataset.data?.expectations ?? []}
                  name={name}
                  version={version?.version}
                />
              ) : null}
              {tab === 'diff' && version ? <DiffView name={name} versions={list} /> : null}
            </>
          ) : (
            <Panel>
              <Empty
                title="No version yet"
                command={`npx houston data upload ${name} FILE.parquet`}
                action={<Button onClick={() => want('upload')}>Upload a file</Button>}
              >
                The dataset is declared and waits for its first batch.
              </Empty>
            </Panel>
          )
        }
      </Loaded>
      <Modal opened={wanted === 'upload'} onClose={() => want('')} title={`Upload data to ${name}`} size="xl">
        <UploadForm name={name} done={() => void navigate({ to: '.', search: {} as never })} />
      </Modal>
    </Page>
  );
}
