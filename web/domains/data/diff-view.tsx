import { Select } from '@mantine/core';
import { useState } from 'react';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { ColumnDiff, DatasetVersion, VersionDiff } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { brief, count, duration, group, MISSING, significant, utc } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { useUrlState } from '../../ui/url-state.ts';

/** What changed between two versions. */
export function DiffView({ name, versions }: { name: string; versions: DatasetVersion[] }) {
  const [from, setFrom] = useUrlState('before', String(versions[1]?.version ?? ''));
  const [to, setTo] = useUrlState('after', String(versions[0]?.version ?? ''));
  const options = versions.map((item) => ({ value: String(item.version), label: `version ${item.version}` }));
  const diff = useApi<VersionDiff>(path`/api/data/datasets/${name}/diff`, {
    query: { from, to },
    enabled: from !== '' && to !== '' && from !== to,
  });
  if (versions.length < 2) {
    return (
      <Panel>
        <Empty title="There is only one version" command={`npx houston data upload ${name} FILE.parquet`}>
          The next upload makes a second one to compare it with.
        </Empty>
      </Panel>
    );
  }
  return (
    <>
      <Panel
        title="Difference"
        actions={
          <>
            <Select
              aria-label="From"
              w={130}
              data={options}
              value={from}
              onChange={(value) => setFrom(value ?? '')}
            />
            <span className="dim">to</span>
            <Select
              aria-label="To"
              w={130}
              data={options}
              value={to}
              onChange={(value) => setTo(value ?? '')}
            />
          </>
        }
      >
        {from === to ? (
          <p className="dim">Choose two versions.</p>
        ) : (
          <Loaded query={diff} height={64}>
            {(found) => <Summary diff={found} />}
          </Loaded>
        )}
      </Panel>
      {diff.data && from !== to ? <Columns diff={diff.data} /> : null}
    </>
  );
}

function Summary({ diff }: { diff: VersionDiff }) {
  const { added, removed, changed } = diff.schema;
  const schema = [
    ...added.map((column) => `+ ${column.name}`),
    ...removed.map((column) => `− ${column.name}`),
    ...changed.map((column) => `${column.name}: ${column.from} → ${column.to}`),
  ];
  return (
    <Stats>
      <Stat
        label="Rows"
        value={`${diff.rows > 0 ? '+' : ''}${count(diff.rows)}`}
        note={`${group(diff.from.rows)} → ${group(diff.to.rows)}`}
      />
      <Stat label="Parts shared" value={diff.parts.shared} note="stored once" />
      <Stat label="Parts added" value={diff.parts.added} />
      <Stat label="Parts removed" value={diff.parts.removed} />
      <Stat
        label="Schema"
        value={schema.length === 0 ? 'unchanged' : `${schema.length} changes`}
        note={schema.join(', ')}
      />
    </Stats>
  );
}

function Columns({ diff }: { diff: VersionDiff }) {
  const [open, setOpen] = useState<string | null>(null);
  const columns = [...diff.columns].sort(
    (left, right) => (right.jensenShannon ?? 0) - (left.jensenShannon ?? 0),
  );
  const chosen = columns.find((column) => column.name === open);
  const names: [string, string] = [`version ${diff.from.version}`, `version ${diff.to.version}`];
  return (
    <Panel title="Columns" note="largest change first; both versions on the same bins" flush>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Column</th>
            <th style={{ width: 220 }}>
              {names[0]} and {diff.to.version}
            </th>
            <th className="right">PSI</th>
            <th className="right">Jensen-Shannon</th>
            <th className="right">Missing</th>
            <th className="right">Mean</th>
            <th>New and gone values</th>
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <ColumnRow key={column.name} column={column} open={() => setOpen(column.name)} />
          ))}
        </tbody>
      </table>
      <Drawer open={chosen !== undefined} close={() => setOpen(null)} title={chosen?.name ?? ''} size={760}>
        {chosen ? <ColumnPicture column={chosen} names={names} /> : null}
      </Drawer>
    </Panel>
  );
}

function shown(column: ColumnDiff, value: number | null, digits: number): string {
  return column.family === 'temporal' ? utc(value) : significant(value, digits);
}

function ColumnRow({ column, open }: { column: ColumnDiff; open: () => void }) {
  const values = [
    ...column.added.map((item) => `+ ${item.value}`),
    ...column.removed.map((item) => `− ${item.value}`),
  ];
  return (
    <tr onClick={open} style={{ cursor: 'pointer', height: 48 }}>
      <td>
        <button type="button" className="grid-sort" style={{ color: 'var(--accent)' }} onClick={open}>
          {column.name}
        </button>
      </td>
      <td>
        {column.bins.length > 0 ? (
          <Histogram
            small
            height={34}
            reference={column.bins.map((bin) => bin.from)}
            current={column.bins.map((bin) => bin.to)}
            labels={column.bins.map((bin) => bin.label)}
          />
        ) : null}
      </td>
      <td className="right">{significant(column.psi, 2)}</td>
      <td className="right">{significant(column.jensenShannon, 2)}</td>
      <td className="right nowrap">
        {significant(column.from.missingPercent, 2)} % → {significant(column.to.missingPercent, 2)} %
      </td>
      <td className="right nowrap">
        {column.from.mean === null
          ? MISSING
          : `${shown(column, column.from.mean, 3)} → ${shown(column, column.to.mean, 3)}`}
      </td>
      <td className="dim">{values.length === 0 ? MISSING : brief(values.slice(0, 6).join(', '), 60)}</td>
    </tr>
  );
}

function ColumnPicture({ column, names }: { column: ColumnDiff; names: [string, string] }) {
  return (
    <>
      <Histogram
        height={260}
        names={names}
        reference={column.bins.map((bin) => bin.from)}
        current={column.bins.map((bin) => bin.to)}
        labels={column.bins.map((bin) => bin.label)}
      />
      <table className="plain-table">
        <thead>
          <tr>
            <th />
            <th className="right">{names[0]}</th>
            <th className="right">{names[1]}</th>
          </tr>
        </thead>
        <tbody>
          {(['count', 'missing', 'min', 'mean', 'std', 'max'] as const).map((key) => (
            <tr key={key}>
              <td className="dim">
                {
                  {
                    count: 'Rows',
                    missing: 'Missing',
                    min: 'Minimum',
                    mean: 'Mean',
                    std: 'Standard deviation',
                    max: 'Maximum',
                  }[key]
                }
              </td>
              <td className="right">
                {key === 'count' || key === 'missing'
                  ? group(column.from[key])
                  : key === 'std' && column.family === 'temporal'
                    ? duration(column.from[key])
                    : shown(column, column.from[key], 5)}
              </td>
              <td className="right">
                {key === 'count' || key === 'missing'
                  ? group(column.to[key])
                  : key === 'std' && column.family === 'temporal'
                    ? duration(column.to[key])
                    : shown(column, column.to[key], 5)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
