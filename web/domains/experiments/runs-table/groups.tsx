import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ApiError, api, path } from '../../../api/client.ts';
import type { RunGroups } from '../../../api/types.ts';
import { type Column, DataTable } from '../../../ui/data-table.tsx';
import { Empty, Loaded } from '../../../ui/feedback.tsx';
import { count, MISSING, plain } from '../../../ui/format.ts';
import { fieldName, keyOf, kindOf, titleOf } from './columns.ts';
import { quoted, withClause } from './completion.ts';
import type { TableState } from './table-state.ts';

type Group = RunGroups['items'][number];

/** Runs by the value of a param, a tag, the state, the person or the parent, with the spread of the metrics shown. */
export function Groups({ table, experiment }: { table: TableState; experiment: string }) {
  const metrics = table.columns
    .filter((column) => kindOf(column) === 'metrics')
    .map(keyOf)
    .slice(0, 10);
  const { filter, group, question } = table;
  const target = `${path`/api/experiments/${experiment}`}/runs/groups`;
  const body = { by: group, metrics, stage: question.stage, ...(filter && { filter }) };
  const query = useQuery<RunGroups, ApiError>({
    queryKey: ['experiments', target, body],
    queryFn: ({ signal }) => api.post<RunGroups>(target, body, undefined, signal),
  });
  const narrow = (one: Group) => {
    table.setFilter(withClause(filter, clauseOf(group, one.value)));
    table.setGroup('');
  };
  return (
    <Loaded query={query} rows={8}>
      {(found) => (
        <>
          <DataTable
            name="groups"
            rows={found.items}
            columns={columnsOf(group, metrics)}
            rowKey={(one) => one.value ?? ''}
            sort="-runs"
            {...(group === 'parent' ? {} : { onOpen: narrow })}
            tools={
              <Button variant="default" onClick={() => table.setGroup('')}>
                Back to the runs
              </Button>
            }
            empty={<Empty title="No run matches the filter" />}
          />
          {found.groups > found.items.length ? (
            <div className="dim small" style={{ padding: '6px 12px' }}>
              The {found.items.length} largest of {count(found.groups)} groups.
            </div>
          ) : null}
        </>
      )}
    </Loaded>
  );
}

function clauseOf(group: string, value: string | null): string {
  if (group === 'status') return `status = ${quoted((value ?? '').toUpperCase())}`;
  if (group === 'user') return `user_id = ${quoted(value ?? '')}`;
  return value === null ? `${fieldName(group)} IS NULL` : `${fieldName(group)} = ${quoted(value)}`;
}

function columnsOf(group: string, metrics: string[]): Column<Group>[] {
  return [
    {
      key: 'value',
      title: titleOf(group),
      value: (one) => one.label ?? (group === 'parent' ? 'without a parent' : 'not logged'),
      render: (one) =>
        one.label === null ? (
          <span className="dim">{group === 'parent' ? 'without a parent' : 'not logged'}</span>
        ) : (
          <b>{one.label}</b>
        ),
      width: 'minmax(160px, 1fr)',
    },
    { key: 'runs', title: 'Runs', value: (one) => one.runs, align: 'right', width: '80px' },
    ...metrics.flatMap((key, at) =>
      (['mean', 'min', 'max'] as const).map<Column<Group>>((part) => ({
        key: `${key} ${part}`,
        title: part === 'mean' ? `${key}: mean` : part,
        value: (one) => one.metrics[at]?.[part],
        render: (one) => {
          const value = one.metrics[at]?.[part] ?? null;
          return (
            <span title={`n = ${one.metrics[at]?.runs ?? 0}`}>
              {value === null ? MISSING : plain(value, 4)}
            </span>
          );
        },
        align: 'right',
        width: part === 'mean' ? 'minmax(120px, 0.8fr)' : '84px',
      })),
    ),
  ];
}
