import { Tooltip } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { DatasetVersion, Profile, ProfileColumn, ProfileState } from '../../api/types.ts';
import { ErrorPanel, Loaded, Skeleton } from '../../ui/feedback.tsx';
import { count, MISSING, plain, significant, utc } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ColumnDrawer } from './column-drawer.tsx';
import { Correlations } from './correlations.tsx';

/** Every column at a glance: what is missing, how it spreads; one click for the whole picture. */
export function ProfileView({ name, version }: { name: string; version: DatasetVersion }) {
  const [pending, setPending] = useState(false);
  const target = path`/api/data/datasets/${name}/versions/${version.version}/profile`;
  const query = useApi<ProfileState>(target, { keep: false, ...(pending ? { every: 1_500 } : {}) });
  const state = query.data?.state;
  if ((state === 'pending') !== pending) setPending(state === 'pending');
  return (
    <Loaded query={query} height={360}>
      {(found) => {
        if (found.state === 'ready')
          return <ProfileTable name={name} version={version} profile={found.profile} />;
        return (
          <Panel title="Columns">
            {found.state === 'failed' ? (
              <ErrorPanel error={new Error(found.error)} kept="The data itself is untouched." />
            ) : (
              <div role="status">
                <p className="dim">
                  The profile of {count(version.rows)} rows is being made; it will stand here in a moment,
                  also after a closed tab.
                </p>
                <Skeleton rows={6} />
              </div>
            )}
          </Panel>
        );
      }}
    </Loaded>
  );
}

function ProfileTable({
  name,
  version,
  profile,
}: {
  name: string;
  version: DatasetVersion;
  profile: Profile;
}) {
  const [open, setOpen] = useState<string | null>(null);
  const rows = profile.columns.map((column) => ({
    name: column.name,
    type: column.type,
    missing: column.missing,
    distinct: column.distinct,
    ...(column.numeric
      ? {
          min: column.numeric.min,
          mean: column.numeric.mean,
          std: column.numeric.std,
          max: column.numeric.max,
          ...column.numeric.quantiles,
        }
      : {}),
  }));
  return (
    <>
      <Panel
        title="Columns"
        note={`version ${version.version}, n = ${count(version.rows)} rows; shares per bin`}
        flush
        data={{ name: `${name}-${version.version}-profile`, rows }}
      >
        <div style={{ overflowX: 'auto' }}>
          <table className="plain-table dense">
            <thead>
              <tr>
                <th>Column</th>
                <th>Type</th>
                <th style={{ minWidth: 120, width: '22%' }}>Distribution</th>
                <th className="right">Missing</th>
                <th className="right">Distinct</th>
                <th className="right">Minimum</th>
                <th className="right">Median</th>
                <th className="right">Mean ± SD</th>
                <th className="right">Maximum</th>
                <th>Worth a look</th>
              </tr>
            </thead>
            <tbody>
              {profile.columns.map((column) => (
                <ColumnRow
                  key={column.name}
                  column={column}
                  alerts={profile.alerts
                    .filter((alert) => alert.column === column.name)
                    .map((alert) => alert.message)}
                  open={() => setOpen(column.name)}
                />
              ))}
            </tbody>
          </table>
        </div>
        <ColumnDrawer
          column={profile.columns.find((column) => column.name === open)}
          rows={profile.rows}
          close={() => setOpen(null)}
        />
      </Panel>
      {profile.correlations.columns.length > 1 ? (
        <Correlations {...profile.correlations} rows={profile.rows} />
      ) : null}
    </>
  );
}

/** Bins of a column's picture: a histogram, or the most frequent values of texts. */
export function pictureOf(
  column: ProfileColumn,
): { reference: number[]; labels?: string[]; edges?: (number | string)[] } | null {
  const histogram = column.numeric?.histogram ?? column.temporal?.histogram;
  if (histogram && histogram.counts.length > 0) {
    const time = column.temporal !== null;
    return {
      reference: histogram.counts,
      edges: time ? histogram.edges.map((edge) => new Date(edge).toISOString()) : histogram.edges,
    };
  }
  if (column.top.length === 0) return null;
  return {
    reference: column.top.map((item) => item.count),
    labels: column.top.map((item) => String(item.value)),
  };
}

function ColumnRow({ column, alerts, open }: { column: ProfileColumn; alerts: string[]; open: () => void }) {
  const picture = pictureOf(column);
  const { numeric, temporal, text } = column;
  return (
    <tr onClick={open} style={{ cursor: 'pointer', height: 48 }}>
      <td>
        <button
          type="button"
          className="grid-sort name"
          style={{ color: 'var(--accent)', maxWidth: 180, fontWeight: 400 }}
          title={column.name}
          onClick={open}
        >
          {column.name}
        </button>
      </td>
      <td className="dim small nowrap">{column.type}</td>
      <td style={{ padding: '4px 12px' }}>
        {picture ? <Histogram small {...picture} height={34} /> : <span className="faint">{MISSING}</span>}
      </td>
      <td
        className="right"
        style={column.missing > 0 ? { color: 'var(--warn)' } : undefined}
        title={`${column.missing} values`}
      >
        {column.missing === 0 ? '0 %' : `${significant(column.missingPercent, 3)} %`}
      </td>
      <td className="right">{count(column.distinct)}</td>
      <td className="right nowrap">
        {numeric
          ? plain(numeric.min)
          : temporal
            ? utc(temporal.min)
            : text
              ? `${text.minLength} chars`
              : MISSING}
      </td>
      <td className="right nowrap">{plain(numeric?.quantiles.p50)}</td>
      <td className="right nowrap">
        {numeric ? `${significant(numeric.mean, 3)} ± ${significant(numeric.std, 3)}` : MISSING}
      </td>
      <td className="right nowrap">
        {numeric
          ? plain(numeric.max)
          : temporal
            ? utc(temporal.max)
            : text
              ? `${text.maxLength} chars`
              : MISSING}
      </td>
      <td>
        {alerts.length > 0 ? (
          <Tooltip label={alerts.join('. ')}>
            <span className="row" style={{ gap: 4, color: 'var(--warn)' }}>
              <IconAlertTriangle size={14} />
              <span className="truncate small" style={{ maxWidth: 96 }}>
                {alerts[0]}
                {alerts.length > 1 ? ` and ${alerts.length - 1} more` : ''}
              </span>
            </span>
          </Tooltip>
        ) : null}
      </td>
    </tr>
  );
}
