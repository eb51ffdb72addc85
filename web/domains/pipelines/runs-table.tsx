import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PipelineRun } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { brief, duration } from '../../ui/format.ts';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { startedBy, tookMs } from './pipeline-words.ts';

const columns: Column<PipelineRun>[] = [
  {
    key: 'state',
    title: 'State',
    value: (run) => run.state,
    render: (run) => <StateBadge state={run.state} />,
    width: '120px',
  },
  {
    key: 'id',
    title: 'Run',
    value: (run) => run.id,
    render: (run) => <SubjectLink subject={`run:${run.id}`} />,
    width: 'minmax(150px, 1fr)',
  },
  { key: 'pipeline', title: 'Pipeline', value: (run) => run.pipeline, width: 'minmax(140px, 1fr)' },
  { key: 'by', title: 'Started by', value: startedBy, width: 'minmax(120px, 0.8fr)' },
  {
    key: 'params',
    title: 'Params',
    value: (run) => JSON.stringify(run.params ?? {}),
    render: (run) => <span className="dim">{paramsText(run)}</span>,
    width: 'minmax(120px, 1.4fr)',
  },
  ageColumn('started', 'Started', (run) => run.startedAt ?? run.createdAt),
  {
    key: 'took',
    title: 'Took',
    value: (run) => tookMs(run) ?? undefined,
    render: (run) => duration(tookMs(run)),
    align: 'right',
    width: '104px',
  },
];

function paramsText(run: PipelineRun): string {
  const given = Object.entries(run.params ?? {}).filter(([, value]) => value !== '' && value !== null);
  return given.length === 0
    ? 'defaults'
    : given.map(([key, value]) => `${key} ${brief(value, 30)}`).join(', ');
}

/** Runs, newest first. */
export function RunsTable({ runs, empty, of }: { runs: PipelineRun[]; empty: ReactNode; of?: string }) {
  const navigate = useNavigate();
  return (
    <DataTable
      name="runs"
      rows={runs}
      columns={of ? columns.filter((column) => column.key !== 'pipeline') : columns}
      rowKey={(run) => run.id}
      sort="-started"
      onOpen={(run) => void navigate({ to: `/pipelines/runs/${run.id}` })}
      empty={empty}
    />
  );
}
