import { Select } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { api, path } from '../../../api/client.ts';
import { useAct } from '../../../api/hooks.ts';
import type { Reviews } from '../../../api/types.ts';
import { type Column, DataTable } from '../../../ui/data-table.tsx';
import { plural } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';

type Issue = Reviews['issues'][number];

/** What was found wrong in traces, the worst first; a person says what became of it. */
export function IssuesTable({ issues }: { issues: Issue[] }) {
  const open = issues.filter(({ status }) => status === 'pending').length;
  const set = useAct(
    ({ id, status }: { id: string; status: string }) =>
      api.put<unknown>(path`/api/experiments/issues/${id}/status`, { status }),
    { refresh: ['experiments'], done: 'Noted.' },
  );
  const { mutate } = set;
  const columns = useMemo(() => columnsOf((id, status) => mutate({ id, status })), [mutate]);
  return (
    <Panel title="Issues" note={open === 0 ? 'none open' : `${plural(open, 'issue')} open`} flush>
      <DataTable
        name="issues"
        rows={issues}
        columns={columns}
        rowKey={({ id }) => id}
        bare={issues.length < 12}
      />
    </Panel>
  );
}

const statuses = [
  { value: 'pending', label: 'open' },
  { value: 'resolved', label: 'resolved' },
  { value: 'rejected', label: 'rejected' },
];

function columnsOf(set: (id: string, status: string) => void): Column<Issue>[] {
  return [
    {
      key: 'severity',
      title: 'Severity',
      value: ({ severity }) => severity,
      render: ({ severity }) => severity?.replaceAll('_', ' ') ?? '–',
      width: '104px',
    },
    {
      key: 'name',
      title: 'Issue',
      value: ({ name }) => name,
      render: ({ name, description }) => <b title={description}>{name}</b>,
      width: 'minmax(160px, 1fr)',
    },
    {
      key: 'description',
      title: 'What is wrong',
      value: ({ description, rootCauses }) => [description, ...rootCauses].filter(Boolean).join(' · '),
      width: 'minmax(200px, 2fr)',
    },
    {
      key: 'traces',
      title: 'Traces',
      value: ({ traces }) => traces,
      render: ({ id, traces }) =>
        traces === 0 ? (
          '0'
        ) : (
          <Link to="." search={{ tab: 'traces', traces: `issue.id = '${id}'` } as never}>
            {traces}
          </Link>
        ),
      width: '80px',
      align: 'right',
    },
    {
      key: 'status',
      title: 'State',
      value: ({ status }) => status,
      render: ({ id, name, status }) => (
        <Select
          size="xs"
          variant="unstyled"
          aria-label={`What became of ${name}`}
          data={statuses}
          value={status}
          allowDeselect={false}
          onChange={(next) => next && next !== status && set(id, next)}
        />
      ),
      width: '120px',
    },
  ];
}
