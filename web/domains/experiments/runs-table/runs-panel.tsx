import { Button, Menu, Select, Switch } from '@mantine/core';
import { IconAdjustments, IconDownload } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { path, withQuery } from '../../../api/client.ts';
import type { Catalogue } from '../../../api/types.ts';
import { Empty, ErrorPanel, Skeleton } from '../../../ui/feedback.tsx';
import { count, group } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { ColumnChooser } from './column-chooser.tsx';
import { kindOf, titleOf } from './columns.ts';
import { FilterBox } from './filter-box.tsx';
import { RunsGrid } from './grid.tsx';
import { Groups } from './groups.tsx';
import { useRunRows } from './rows.ts';
import { StageActions } from './stage-actions.tsx';
import type { TableState } from './table-state.ts';

type RunsPanelProps = { experiment: string; table: TableState; catalogue: Catalogue | undefined };

/** The table of the runs of an experiment with all that narrows, orders and groups it. */
export function RunsPanel({ experiment, table, catalogue }: RunsPanelProps) {
  const { rows, state } = useRunRows(table.question);
  const invalid = state.error?.code === 'experiments.search.invalid';
  const isEmpty = state.total === 0 && !table.filter && table.question.stage === 'active';
  if (isEmpty && !state.error) {
    return (
      <Panel>
        <Teach experiment={experiment} />
      </Panel>
    );
  }
  return (
    <Panel flush>
      <div className="table-tools" style={{ alignItems: 'flex-start', flexWrap: 'wrap' }}>
        <FilterBox
          experiment={experiment}
          value={table.filter}
          catalogue={catalogue}
          error={state.error}
          apply={(next) => (next === table.filter ? void rows.refresh() : table.setFilter(next))}
        />
        <ColumnChooser table={table} catalogue={catalogue} />
        <GroupSelect table={table} catalogue={catalogue} />
        <View table={table} experiment={experiment} />
        <Picked table={table} />
        <span className="dim small nowrap" style={{ lineHeight: '28px' }} title={group(state.total)}>
          {state.total === null ? '' : `${count(state.total)} runs`}
        </span>
      </div>
      {table.group ? (
        <Groups table={table} experiment={experiment} />
      ) : state.error && !invalid ? (
        <div style={{ padding: 12 }}>
          <ErrorPanel error={state.error} retry={() => void rows.refresh()} />
        </div>
      ) : state.total === null ? (
        invalid ? (
          <div className="dim" style={{ padding: 12 }}>
            The runs show again once the filter can be read.
          </div>
        ) : (
          <Skeleton rows={12} />
        )
      ) : state.total === 0 ? (
        <Empty title={table.question.stage === 'deleted' ? 'No run is deleted' : 'No run matches the filter'}>
          {table.filter ? (
            <Button variant="default" onClick={() => table.setFilter('')}>
              Clear the filter
            </Button>
          ) : null}
        </Empty>
      ) : (
        <RunsGrid rows={rows} table={table} total={state.total} />
      )}
    </Panel>
  );
}

function GroupSelect({ table, catalogue }: { table: TableState; catalogue: Catalogue | undefined }) {
  const keys = (kind: 'params' | 'tags') =>
    (catalogue?.[kind] ?? [])
      .filter(({ key }) => !key.startsWith('mlflow.'))
      .map(({ key }) => `${kind}.${key}`);
  const options = ['status', 'user', 'parent', ...keys('params'), ...keys('tags')];
  const all = table.group && !options.includes(table.group) ? [table.group, ...options] : options;
  const words: Record<string, string> = { status: 'State', user: 'Person', parent: 'Parent run' };
  return (
    <Select
      aria-label="Group by"
      placeholder="Group by"
      searchable
      clearable
      limit={100}
      w={150}
      data={all.map((value) => ({ value, label: words[value] ?? titleOf(value) }))}
      value={table.group || null}
      onChange={(value) => table.setGroup(value ?? '')}
    />
  );
}

function View({ table, experiment }: { table: TableState; experiment: string }) {
  const { question, filter } = table;
  const csv = withQuery(`${path`/api/experiments/${experiment}`}/runs.csv`, {
    filter,
    order: question.order,
    stage: question.stage,
    columns: table.columns.filter((column) => kindOf(column) !== 'attributes').join(','),
  });
  return (
    <>
      <Menu position="bottom-start" closeOnItemClick={false}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconAdjustments size={14} />}>
            View
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <div className="stack" style={{ padding: 8 }}>
            <Switch
              label="Children below their parents"
              checked={question.nested}
              onChange={(event) => table.setNested(event.currentTarget.checked)}
            />
            <Switch
              label="Deleted runs"
              checked={question.stage === 'deleted'}
              onChange={(event) => table.setStage(event.currentTarget.checked ? 'deleted' : 'active')}
            />
          </div>
        </Menu.Dropdown>
      </Menu>
      <a
        className="icon-btn"
        href={csv}
        download
        aria-label="Download as CSV"
        title="All matching runs as CSV"
      >
        <IconDownload size={15} />
      </a>
    </>
  );
}

function Picked({ table }: { table: TableState }) {
  const navigate = useNavigate();
  const { picked } = table;
  const stage = table.question.stage;
  if (picked.length === 0) return null;
  return (
    <div className="row">
      {stage === 'active' ? (
        <Button
          disabled={picked.length < 2}
          onClick={() =>
            void navigate({ to: '/experiments/runs/compare', search: { runs: picked.join(',') } as never })
          }
        >
          {picked.length >= 2 ? `Compare ${picked.length} runs` : 'Compare: tick two runs'}
        </Button>
      ) : null}
      <StageActions ids={picked} stage={stage} after={() => table.setPicked([])} />
      <Button variant="subtle" onClick={() => table.setPicked([])}>
        Untick all
      </Button>
    </div>
  );
}

function Teach({ experiment }: { experiment: string }) {
  return (
    <Empty
      title="This experiment has no run yet"
      command={`import mlflow
mlflow.set_tracking_uri("${window.location.origin}")
mlflow.set_experiment(${JSON.stringify(experiment)})
with mlflow.start_run():
    mlflow.log_params({"depth": 6})
    mlflow.log_metric("auc", 0.71)`}
    >
      Any MLflow client writes here; runs show up in this table as they go on.
    </Empty>
  );
}
