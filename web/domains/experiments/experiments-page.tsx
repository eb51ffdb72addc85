import { useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/hooks.ts';
import type { Experiment } from '../../api/types.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
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
  ageColumn('updated', 'Changed', (item) => item.updatedAt),
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
                  command={`export MLFLOW_TRACKING_URI=${window.location.origin}
python train.py`}
                >
                  Code that logs with MLflow logs here, unchanged, when this variable is set. Training steps
                  of pipelines track themselves: params, metrics, model and the versions of data and code that
                  they used.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
