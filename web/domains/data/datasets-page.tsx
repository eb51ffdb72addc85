import { Button, Modal } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/hooks.ts';
import type { Dataset } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { bytes, count, MISSING, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { UploadForm } from './upload-form.tsx';

const columns: Column<Dataset>[] = [
  {
    key: 'name',
    title: 'Dataset',
    value: (item) => item.name,
    render: (item) => <b>{item.name}</b>,
    width: 'minmax(140px, 1.2fr)',
  },
  {
    key: 'description',
    title: 'Description',
    value: (item) => item.description,
    width: 'minmax(110px, 2fr)',
  },
  {
    key: 'version',
    title: 'Version',
    value: (item) => item.latestVersion,
    render: (item) => (item.latestVersion > 0 ? item.latestVersion : MISSING),
    align: 'right',
    width: '76px',
  },
  {
    key: 'rows',
    title: 'Rows',
    value: (item) => item.latest?.rows,
    render: (item) => count(item.latest?.rows),
    align: 'right',
    width: '86px',
  },
  {
    key: 'bytes',
    title: 'Size',
    value: (item) => item.latest?.bytes,
    render: (item) => bytes(item.latest?.bytes),
    align: 'right',
    width: '86px',
  },
  {
    key: 'span',
    title: 'Event time (UTC)',
    value: (item) => item.latest?.timeTo,
    render: (item) =>
      item.latest?.timeFrom
        ? `${utc(item.latest.timeFrom, 'day')} to ${utc(item.latest.timeTo, 'day')}`
        : MISSING,
    width: '204px',
  },
  {
    key: 'checks',
    title: 'Expectations',
    value: (item) => item.expectations.length,
    align: 'right',
    width: '104px',
  },
  { key: 'owner', title: 'Owner', value: (item) => item.owner, width: '100px', spare: 1 },
  ageColumn('updated', 'Changed', (item) => item.updatedAt),
];

/** All datasets. */
export function DatasetsPage() {
  const datasets = useList<Dataset>('/api/data/datasets');
  const navigate = useNavigate();
  const [wanted, want] = useUrlState('do');
  return (
    <Page
      title="Data"
      actions={<Button onClick={() => want('upload')}>Upload data</Button>}
      api={{ path: '/api/data/datasets', cli: 'houston data list' }}
    >
      <Panel flush>
        <Loaded query={datasets} rows={6}>
          {(list) => (
            <DataTable
              name="datasets"
              rows={list.items}
              columns={columns}
              rowKey={(item) => item.name}
              sort="name"
              onOpen={(item) => void navigate({ to: `/data/${encodeURIComponent(item.name)}` })}
              empty={
                <Empty
                  title="No dataset yet"
                  command="npx houston data upload flights flights.parquet"
                  action={<Button onClick={() => want('upload')}>Upload a file</Button>}
                >
                  A dataset is a named table whose every version has a digest. Parquet and CSV are taken; each
                  batch is checked against the expectations before anything of it is kept.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
      <Modal opened={wanted === 'upload'} onClose={() => want('')} title="Upload data" size="lg">
        <UploadForm done={(name) => void navigate({ to: `/data/${encodeURIComponent(name)}` })} />
      </Modal>
    </Page>
  );
}
