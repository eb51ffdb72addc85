import type { UseQueryResult } from '@tanstack/react-query';
import { type ApiError, path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Expectation, List, Validation } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { group, MISSING, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { argumentsOf, expectationWords, ReportView } from './report-view.tsx';
import { Suggestions } from './suggestions.tsx';

const columns: Column<Validation>[] = [
  {
    key: 'outcome',
    title: 'Verdict',
    value: (item) => item.outcome,
    render: (item) => (
      <StateBadge state={item.outcome === 'refused' ? 'refused' : item.success ? 'passed' : 'failed'} bare />
    ),
    width: '110px',
  },
  {
    key: 'time',
    title: 'Time (UTC)',
    value: (item) => timeValue(item.createdAt),
    render: (item) => utc(item.createdAt, 'second'),
    width: '170px',
  },
  {
    key: 'version',
    title: 'Version',
    value: (item) => item.version ?? undefined,
    render: (item) => item.version ?? <span className="dim">not kept</span>,
    width: '90px',
    align: 'right',
  },
  {
    key: 'rows',
    title: 'Rows',
    value: (item) => item.rows,
    render: (item) => group(item.rows),
    width: '110px',
    align: 'right',
  },
  {
    key: 'failed',
    title: 'Failed',
    value: (item) => item.failed,
    render: (item) => `${item.failed} of ${item.evaluated}`,
    width: '100px',
    align: 'right',
  },
  { key: 'source', title: 'Source', value: (item) => item.source, width: 'minmax(140px, 1fr)' },
  { key: 'actor', title: 'By', value: (item) => item.actor, width: '120px' },
];

/** Every batch that was judged, refused ones too. */
export function ValidationsView({
  name,
  validations,
}: {
  name: string;
  validations: UseQueryResult<List<Validation>, ApiError>;
}) {
  const [chosen, choose] = useUrlState('validation');
  const report = useApi<Validation>(path`/api/data/validations/${chosen}`, { enabled: chosen !== '' });
  return (
    <Panel title="Validations" note="every batch is judged before anything of it is kept" flush>
      <Loaded query={validations} rows={6}>
        {(list) => (
          <DataTable
            name="validations"
            rows={list.items}
            columns={columns}
            rowKey={(item) => item.id}
            sort="-time"
            active={chosen}
            onOpen={(item) => choose(item.id)}
            empty={
              <Empty
                title="No batch has been judged yet"
                command={`npx houston data upload ${name} FILE.parquet`}
              >
                Each upload leaves a report here, whether it was taken or refused.
              </Empty>
            }
          />
        )}
      </Loaded>
      <Drawer open={chosen !== ''} close={() => choose('')} title="Validation report" size={860}>
        <Loaded query={report} rows={8}>
          {(found) => (
            <>
              <KeyValue
                items={[
                  ['Batch', found.source],
                  [
                    'Outcome',
                    found.outcome === 'refused' ? 'refused; nothing of it was kept' : found.outcome,
                  ],
                  ['Version', found.version ?? MISSING],
                  ['Time', `${utc(found.createdAt, 'second')} UTC`],
                  ['Id', <CopyId key="i" id={found.id} />],
                ]}
              />
              {found.report ? <ReportView report={found.report} /> : null}
            </>
          )}
        </Loaded>
      </Drawer>
    </Panel>
  );
}

/** What every batch must hold. */
export function ExpectationsView({
  expectations,
  name,
  version,
}: {
  expectations: Expectation[];
  name: string;
  version: number | undefined;
}) {
  return (
    <>
      <Panel
        title="Expectations"
        note="in the words of Great Expectations; a failed critical one refuses the batch"
        flush
      >
        {expectations.length === 0 ? (
          <Empty
            title="No expectation is declared"
            command={`# houston.yaml
datasets:
  ${name}:
    expectations:
      - type: expect_column_values_to_not_be_null
        kwargs: { column: id }`}
          >
            Declare what must hold and run <code>npx houston apply</code>; from then on every batch is
            checked.
          </Empty>
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>Column</th>
                <th>Expectation</th>
                <th>Arguments</th>
                <th>Severity</th>
              </tr>
            </thead>
            <tbody>
              {expectations.map((item, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two expectations may be equal in everything
                <tr key={at}>
                  <td>{columnOf(item)}</td>
                  <td>{expectationWords(item.type)}</td>
                  <td className="dim">{argumentsOf(item.kwargs ?? {})}</td>
                  <td>{item.severity ?? 'critical'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </Panel>
      {version === undefined ? null : <Suggestions name={name} version={version} held={expectations} />}
    </>
  );
}

/** The column that an expectation is about. */
export function columnOf(item: Expectation): string {
  const { column, column_list: list, column_A: a, column_B: b } = item.kwargs ?? {};
  if (typeof column === 'string') return column;
  if (Array.isArray(list)) return list.join(', ');
  return a && b ? `${String(a)}, ${String(b)}` : 'table';
}
