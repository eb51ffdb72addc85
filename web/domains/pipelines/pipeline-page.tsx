import { useNavigate, useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { PipelineDetail, PipelineRun } from '../../api/types.ts';
import { JsonBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { Empty, Loaded, Skeleton } from '../../ui/feedback.tsx';
import { brief, utc } from '../../ui/format.ts';
import { Graph } from '../../ui/graph.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { definitionGraph, triggerWords } from './pipeline-words.ts';
import { RunButton } from './run-form.tsx';
import { RunsTable } from './runs-table.tsx';

/** One pipeline: its jobs, what starts it, its runs. */
export function PipelinePage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/pipelines/${name}`;
  const pipeline = useApi<PipelineDetail>(target);
  const runs = useList<PipelineRun>('/api/pipelines/runs', {
    query: { pipeline: name, limit: 200 },
    every: 5_000,
  });
  const navigate = useNavigate();
  const [wanted] = useUrlState('do');
  const [job, openJob] = useUrlState('job');
  const last = runs.data?.items[0];
  const definition = pipeline.data?.definition;
  const graph = definition ? definitionGraph(definition) : undefined;
  return (
    <Page
      of={pipeline}
      title={name}
      crumbs={[{ label: 'Pipelines', to: '/pipelines' }]}
      subject={
        pipeline.data?.revision === undefined
          ? `pipeline:${name}`
          : `pipeline:${name}@${pipeline.data.revision}`
      }
      state={last ? <StateBadge state={last.state} title="of the last run" /> : undefined}
      actions={
        pipeline.data ? (
          <RunButton
            key={wanted}
            pipeline={pipeline.data}
            primary
            open={wanted === 'run'}
            closed={() => void navigate({ to: '.', search: {} as never })}
          />
        ) : undefined
      }
      api={{ path: target, cli: `houston pipelines run ${name} --wait` }}
    >
      <Panel title="Jobs" note="from left to right; click one for its definition" flush>
        {graph ? (
          <Graph label={`Jobs of ${name}`} {...graph} compact onOpen={openJob} />
        ) : (
          <Skeleton height={280} />
        )}
      </Panel>
      <Panel title="Runs" note="newest first" span={9} flush>
        <Loaded query={runs} rows={5}>
          {(list) => (
            <RunsTable
              runs={list.items}
              of={name}
              empty={
                <Empty title="It has not run yet" command={`npx houston pipelines run ${name}`}>
                  Run it here with the button above, or let what is declared under <code>on</code> start it.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
      <Panel title="Definition" span={3}>
        <Loaded query={pipeline} rows={5}>
          {(found) => (
            <KeyValue
              items={[
                ['Revision', String(found.revision)],
                ['Starts', triggerWords(definition?.on)],
                ...Object.entries(definition?.params ?? {}).map<[string, string]>(([key, param]) => [
                  key,
                  `${param.type}${param.default === undefined ? '' : `, ${brief(param.default) || 'empty'}`}`,
                ]),
                ['Changed', `${utc(found.createdAt)} UTC`],
                ['By', found.createdBy],
                ['Digest', <Digest key="d" digest={found.digest} />],
              ]}
            />
          )}
        </Loaded>
      </Panel>
      <Drawer open={job !== ''} close={() => openJob('')} title={job}>
        <JsonBlock value={definition?.jobs?.[job] ?? null} maxHeight={600} />
      </Drawer>
    </Page>
  );
}
