import { useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/hooks.ts';
import type { Experiment } from '../../api/types.ts';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { ago } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';

const columns: Column<Experiment>[] = [
  {
    key: 'name',
    title: 'Experiment',
    value: (item) => item.name,
    render: (item) => <b>{item.name}</b>,
    width: 'minmax(180px, 1.2fr)',
  },
  {
    key: 'description',
    title: 'Description',
    value: (item) => item.description,
    width: 'minmax(180px, 2fr)',
  },
  { key: 'runs', title: 'Runs', value: (item) => item.runs, align: 'right', width: '90px' },
  {
    key: 'updated',
    title: 'Last change',
    value: (item) => timeValue(item.updatedAt),
    render: (item) => ago(item.updatedAt),
    width: '130px',
  },
];

/** All experiments. */
export function ExperimentsPage() {
  const experiments = useList<Experiment>('/api/experiments');
  const navigate = useNavigate();
  return (
    <Page title="Experiments" api={{ path: '/api/experiments' }}>
      <Panel flush>
        <Loaded query={experiments} rows={5}>
          {(list) => (
            <DataTable
              name="experiments"
              rows={list.items}
              columns={columns}
              rowKey={(item) => String(item.id)}
              sort="-updated"
              onOpen={(item) => void navigate({ to: `/experiments/${encodeURIComponent(item.name)}` })}
              empty={
                <Empty
                  title="No run has been tracked"
                  command={`curl ${window.location.origin}/api/experiments/runs -H 'content-type: application/json' \\
  -d '{"experiment": "first", "params": {"depth": "6"}}'`}
                >
                  Training steps of pipelines track themselves: params, metrics, model and the versions of
                  data and code that they used.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
