import type { DatasetVersion } from '../../api/types.ts';
import { Digest } from '../../ui/copy-id.tsx';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { bytes, group, utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';

const columns: Column<DatasetVersion>[] = [
  { key: 'version', title: 'Version', value: (item) => item.version, align: 'right', width: '80px' },
  {
    key: 'created',
    title: 'Made (UTC)',
    value: (item) => timeValue(item.createdAt),
    render: (item) => utc(item.createdAt),
    width: '148px',
  },
  { key: 'mode', title: 'How', value: (item) => item.mode, width: '80px' },
  {
    key: 'rows',
    title: 'Rows',
    value: (item) => item.rows,
    render: (item) => group(item.rows),
    align: 'right',
    width: '110px',
  },
  {
    key: 'bytes',
    title: 'Size',
    value: (item) => item.bytes,
    render: (item) => bytes(item.bytes),
    align: 'right',
    width: '90px',
  },
  {
    key: 'span',
    title: 'Event time (UTC)',
    value: (item) => timeValue(item.timeTo),
    render: (item) => (item.timeFrom ? `${utc(item.timeFrom, 'day')} to ${utc(item.timeTo, 'day')}` : '–'),
    width: '204px',
  },
  {
    key: 'digest',
    title: 'Digest',
    value: (item) => item.digest,
    render: (item) => <Digest digest={item.digest} />,
    width: '140px',
    spare: 2,
  },
  { key: 'source', title: 'Source', value: (item) => item.source, width: 'minmax(140px, 1fr)' },
  { key: 'actor', title: 'By', value: (item) => item.actor, width: '120px', spare: 1 },
];

/** All versions, newest first; each is addressed by its digest and never changes. */
export function VersionsView({
  versions,
  choose,
}: {
  versions: DatasetVersion[];
  choose: (version: number) => void;
}) {
  return (
    <Panel title="Versions" note="immutable; equal content has an equal digest" flush>
      <DataTable
        name="versions"
        rows={versions}
        columns={columns}
        rowKey={(item) => String(item.version)}
        sort="-version"
        onOpen={(item) => choose(item.version)}
      />
    </Panel>
  );
}
