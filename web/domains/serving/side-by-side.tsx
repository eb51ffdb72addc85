import { Button, NumberInput, Select } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ApiError, api, path } from '../../api/client.ts';
import type { ComparedRow, Deployment, SideBySide } from '../../api/types.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { Empty, ErrorPanel } from '../../ui/feedback.tsx';
import { count, metric, percent, significant } from '../../ui/format.ts';
import { Histogram } from '../../ui/histogram.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { TimeRange, useTimeRange } from '../../ui/time-range.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { useKnownVersions } from './known-versions.ts';
import { shortId } from './query-result.tsx';
import { ScorePairs } from './score-pairs.tsx';

/** Two versions on the same recorded requests: where they agree, and which requests they see differently. */
export function SideBySideView({ deployment }: { deployment: Deployment }) {
  const known = useKnownVersions(deployment);
  const numbers = known.map(({ version }) => version);
  const [a, chooseA] = useUrlState('a');
  const [b, chooseB] = useUrlState('b');
  const [threshold, setThreshold] = useUrlState('threshold', '0.5');
  const range = useTimeRange();
  const champion = deployment.champion?.version;
  const chosenA = a || String(champion ?? numbers[0] ?? '');
  const chosenB = b || String(numbers.find((version) => String(version) !== chosenA) ?? '');
  const compare = useMutation<SideBySide, ApiError>({
    mutationFn: () =>
      api.post<SideBySide>(path`/api/serving/deployments/${deployment.name}/side-by-side`, {
        a: Number(chosenA),
        b: Number(chosenB),
        threshold: Number(threshold),
        ...range.query,
      }),
  });
  const select = (label: string, value: string, choose: (value: string) => void) => (
    <Select
      label={label}
      w={190}
      data={known.map((item) => ({
        value: String(item.version),
        label: `version ${item.version}${item.version === champion ? ', champion' : ''}`,
      }))}
      value={value || null}
      onChange={(next) => choose(next ?? '')}
      allowDeselect={false}
    />
  );
  return (
    <>
      <Panel
        title="Side by side"
        note="the same recorded requests through two versions, aside; callers notice nothing"
      >
        <div className="stack loose">
          <div className="row" style={{ alignItems: 'flex-end' }}>
            {select('Version A', chosenA, chooseA)}
            {select('Version B', chosenB, chooseB)}
            <NumberInput
              label="Yes from a score of"
              w={140}
              step={0.05}
              value={Number(threshold)}
              onChange={(value) => setThreshold(String(value))}
            />
            <TimeRange />
            <Button
              flex="none"
              loading={compare.isPending}
              disabled={chosenA === '' || chosenB === '' || chosenA === chosenB}
              onClick={() => compare.mutate()}
            >
              Run both
            </Button>
            <span className="dim small">The range is event time; up to 5,000 rows are drawn from it.</span>
          </div>
          {numbers.length === 1 ? <span className="dim">There is only one version yet.</span> : null}
          {compare.error ? <ErrorPanel error={compare.error} kept="Nothing was changed." /> : null}
          {compare.data ? <Summary found={compare.data} /> : null}
        </div>
      </Panel>
      {compare.data ? <Evidence found={compare.data} deployment={deployment.name} /> : null}
    </>
  );
}

function Summary({ found }: { found: SideBySide }) {
  const { rows, of, skipped, agreement, onlyA, onlyB, correlation, meanDifference, meanAbsolute } = found;
  return (
    <Stats>
      <Stat
        label="Say the same"
        value={percent(agreement)}
        note={`${count(rows)} of ${count(of)} rows${skipped > 0 ? `, ${count(skipped)} did not fit` : ''}`}
      />
      <Stat label={`Only version ${found.a} says yes`} value={onlyA} note={percent(onlyA / rows)} />
      <Stat label={`Only version ${found.b} says yes`} value={onlyB} note={percent(onlyB / rows)} />
      <Stat
        label="Correlation"
        value={correlation === null ? '–' : metric(correlation)}
        note="of the scores"
      />
      <Stat label="B minus A" value={significant(meanDifference, 2)} note="mean" />
      <Stat label="Apart by" value={significant(meanAbsolute, 2)} note="mean of |B − A|" />
    </Stats>
  );
}

function Evidence({ found, deployment }: { found: SideBySide; deployment: string }) {
  return (
    <>
      <Panel
        title="Each row, twice"
        note={`score of version ${found.a} across, of version ${found.b} up; ${count(found.points.length)} rows`}
        span={6}
      >
        <ScorePairs found={found} />
      </Panel>
      <Panel title="How far apart" note="rows by B minus A" span={6}>
        <Histogram
          labels={found.counts.map((_, i) =>
            significant(((found.edges[i] ?? 0) + (found.edges[i + 1] ?? 0)) / 2, 2),
          )}
          reference={found.counts}
          names={[`version ${found.b} minus version ${found.a}`, '']}
          height={300}
          unit="rows"
        />
      </Panel>
      <Panel
        title="Largest differences"
        note="the fifty rows that the versions see most differently"
        span={7}
        flush
      >
        <DataTable
          name={`${deployment}-differences`}
          rows={found.largest}
          rowKey={(row) => row.id}
          columns={largestColumns(found)}
          height={360}
        />
      </Panel>
      <Panel title="Slices" note="by the texts of the requests, at least 20 rows each" span={5} flush>
        <DataTable
          name={`${deployment}-slices`}
          rows={found.slices}
          rowKey={(row) => `${row.column}=${row.value}`}
          height={360}
          empty={<Empty title="No slices">The requests carry no text with few values.</Empty>}
          columns={[
            {
              key: 'slice',
              title: 'Slice',
              value: (row) => `${row.column} = ${row.value}`,
              width: 'minmax(120px, 2fr)',
            },
            { key: 'rows', title: 'Rows', value: (row) => row.rows, width: '64px', align: 'right' },
            {
              key: 'difference',
              title: 'B − A ± s.e.',
              value: (row) => row.meanDifference,
              render: (row) => `${significant(row.meanDifference, 2)} ± ${significant(row.standardError, 1)}`,
              width: '128px',
              align: 'right',
            },
            {
              key: 'agreement',
              title: 'Same',
              value: (row) => row.agreement,
              render: (row) => percent(row.agreement),
              width: '70px',
              align: 'right',
            },
          ]}
        />
      </Panel>
    </>
  );
}

function largestColumns({ a, b }: SideBySide) {
  const score = (key: string, title: string, value: (row: ComparedRow) => number) => ({
    key,
    title,
    value,
    render: (row: ComparedRow) => <span title={String(value(row))}>{metric(value(row))}</span>,
    width: '92px',
    align: 'right' as const,
  });
  return [
    {
      key: 'id',
      title: 'Prediction',
      value: (row: ComparedRow) => row.id,
      render: (row: ComparedRow) => (
        <Link to={path`/serving/predictions/${row.id}`}>
          <code title={row.id}>{shortId(row.id)}</code>
        </Link>
      ),
      width: 'minmax(180px, 1fr)',
    },
    score('a', `Version ${a}`, (row) => row.a),
    score('b', `Version ${b}`, (row) => row.b),
    score('d', 'B − A', (row) => row.b - row.a),
    {
      key: 'label',
      title: 'Outcome',
      value: (row: ComparedRow) => row.label,
      render: (row: ComparedRow) =>
        row.label === null ? <span className="faint">unknown</span> : String(row.label),
      width: '84px',
      align: 'right' as const,
    },
  ];
}
