import { Select } from '@mantine/core';
import type { Difference, EvaluationReport, Figure, SliceFigures } from '../../api/types.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { count, metric, percent, pValue } from '../../ui/format.ts';
import { IntervalPlot, intervalDomain } from '../../ui/interval-plot.tsx';
import { Panel } from '../../ui/panel.tsx';
import { signed, signedInterval } from '../../ui/signed.ts';
import { useUrlState } from '../../ui/url-state.ts';
import { figureText } from './version-bits.tsx';

/** Quality by group: where is the version good, where is it worse than what it replaces. */
export function SlicesTable({ report }: { report: EvaluationReport }) {
  const [column, choose] = useUrlState('slice', '');
  const names = [...new Set(report.slices.map((slice) => slice.column))];
  const rows = report.slices.filter((slice) => column === '' || slice.column === column);
  if (report.slices.length === 0) {
    return (
      <Panel title="Slices">
        <span className="dim">
          The test table has no slice columns. Name some under <code>slices</code> of the feature service.
        </span>
      </Panel>
    );
  }
  return (
    <Panel
      title="Slices"
      note={`log loss ${report.versusChampion ? 'against the champion' : 'against the baseline'}, p adjusted over all slices (Holm); left of the line is better`}
      flush
    >
      <DataTable
        name="slices"
        rows={rows}
        rowKey={(slice) => `${slice.column} ${slice.value}`}
        columns={columns(report, rows)}
        sort="-rows"
        height={420}
        tools={
          <Select
            aria-label="Slice column"
            w={150}
            data={[
              { value: '', label: 'every column' },
              ...names.map((name) => ({ value: name, label: name })),
            ]}
            value={column}
            onChange={(value) => choose(value ?? '')}
          />
        }
      />
    </Panel>
  );
}

function columns(report: EvaluationReport, rows: SliceFigures[]): Column<SliceFigures>[] {
  const isChampion = report.versusChampion !== null;
  const against = (slice: SliceFigures): Difference =>
    (isChampion ? slice.versusChampion : null) ?? slice.versusBaseline;
  const wide = rows.filter((slice) => slice.rows >= 200);
  const shown = wide.length > 0 ? wide : rows;
  const aucDomain = intervalDomain([
    report.candidate.auc.value,
    ...shown.flatMap((slice) => [slice.auc.lower, slice.auc.upper]),
  ]);
  const lossDomain = intervalDomain([
    0,
    ...shown.flatMap((slice) => [against(slice).lower, against(slice).upper]),
  ]);
  return [
    {
      key: 'slice',
      title: 'Slice',
      value: (slice) => `${slice.column} ${slice.value}`,
      render: (slice) => (
        <>
          <span className="dim">{slice.column}</span> <b>{slice.value}</b>
        </>
      ),
      width: 'minmax(120px, 1fr)',
    },
    {
      key: 'rows',
      title: 'Rows',
      value: (slice) => slice.rows,
      render: (slice) => count(slice.rows),
      width: '76px',
      align: 'right',
    },
    {
      key: 'rate',
      title: 'Positive',
      value: (slice) => slice.labelRate,
      render: (slice) => percent(slice.labelRate),
      width: '76px',
      align: 'right',
    },
    {
      key: 'score',
      title: 'Mean score',
      value: (slice) => slice.meanScore,
      render: (slice) => metric(slice.meanScore),
      width: '90px',
      align: 'right',
    },
    {
      key: 'auc',
      title: 'AUC',
      value: (slice) => slice.auc.value,
      render: (slice) => figureText(slice.auc),
      width: '120px',
      align: 'right',
    },
    {
      key: 'aucPlot',
      title: 'AUC, line: all rows',
      value: () => null,
      sortable: false,
      render: (slice) => (
        <IntervalPlot
          value={slice.auc.value}
          interval={pair(slice.auc)}
          bound={report.candidate.auc.value}
          boundTone="none"
          domain={aucDomain}
          width={128}
          label={`${slice.column} ${slice.value}: AUC ${figureText(slice.auc)}, all rows ${figureText(report.candidate.auc)}`}
        />
      ),
      width: '152px',
    },
    {
      key: 'difference',
      title: 'Log loss change',
      value: (slice) => against(slice).value,
      render: (slice) => signed(against(slice).value),
      width: '124px',
      align: 'right',
    },
    {
      key: 'differencePlot',
      title: 'Change, 95 %',
      value: () => null,
      sortable: false,
      render: (slice) => {
        const found = against(slice);
        return (
          <IntervalPlot
            value={found.value}
            interval={pair(found)}
            domain={lossDomain}
            tone={toneOfChange(found)}
            width={128}
            label={`${slice.column} ${slice.value}: ${signedInterval(found.value, found.lower, found.upper)}, p = ${pValue(found.pValue)}`}
          />
        );
      },
      width: '152px',
    },
    {
      key: 'p',
      title: 'p',
      value: (slice) => against(slice).pValue,
      render: (slice) => <span className="dim">{pValue(against(slice).pValue)}</span>,
      width: '80px',
      align: 'right',
    },
  ];
}

function pair({ lower, upper }: Figure): [number, number] | null {
  return lower === null || upper === null ? null : [lower, upper];
}

/** Colour only what the adjusted test calls sure. */
function toneOfChange(difference: Difference): 'ok' | 'bad' | 'none' {
  if (difference.value === null || (difference.pValue ?? 1) >= 0.05) return 'none';
  return difference.value < 0 ? 'ok' : 'bad';
}
