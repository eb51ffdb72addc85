import { Link } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, DeploymentGraph } from '../../api/types.ts';
import { JsonBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/feedback.tsx';
import { count, duration, percent } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { ServingGraph } from './graph-drawing.tsx';

/** The graphs that answer for a deployment, with what runs in them. */
export function GraphPanels({ deployment }: { deployment: Deployment }) {
  const has = [deployment.champion, deployment.rollout?.challenger].some((one) => one?.models != null);
  const graphs = useList<DeploymentGraph>(path`/api/serving/deployments/${deployment.name}/graphs`, {
    enabled: has,
    every: 2_000,
    keep: false,
  });
  if (!has || deployment.route.length === 0) return null;
  return (
    <Loaded query={graphs} height={260}>
      {({ items }) =>
        items
          .filter(({ arm }) => arm === 'champion' || arm === 'challenger')
          .map((graph) => <GraphPanel key={graph.revision} deployment={deployment.name} graph={graph} />)
      }
    </Loaded>
  );
}

function GraphPanel({ deployment, graph }: { deployment: string; graph: DeploymentGraph }) {
  const [chosen, choose] = useUrlState('node');
  const [arm, node] = chosen.split('/');
  const selected = arm === graph.arm ? (node ?? '') : '';
  const word = graph.arm === 'champion' ? 'Champion' : 'Challenger';
  return (
    <Panel
      title={`Graph of version ${graph.version}`}
      note={`${word}; rows and median time of each node since the start, share of rows on each branch`}
      data={{
        name: `${deployment}-graph`,
        rows: graph.traffic.map(({ branches, ...one }) => ({ ...one, branches: JSON.stringify(branches) })),
      }}
    >
      <ServingGraph
        label={`Graph of version ${graph.version} of ${deployment}`}
        drawing={graph.drawing}
        traffic={graph.traffic}
        selected={selected}
        onOpen={(name) => choose(`${graph.arm}/${name}`)}
      />
      <Drawer open={selected !== ''} close={() => choose('')} title={`Node ${selected}`}>
        {selected === '' ? null : <NodeDetails graph={graph} name={selected} />}
      </Drawer>
    </Panel>
  );
}

function NodeDetails({ graph, name }: { graph: DeploymentGraph; name: string }) {
  const node = graph.drawing.nodes.find((one) => one.name === name);
  const traffic = graph.traffic.find((one) => one.name === name);
  if (!node || !traffic) return <span className="dim">The revision has no node of this name.</span>;
  const reads = graph.drawing.edges.filter(({ to }) => to === name).map(({ from }) => from);
  const readers = graph.drawing.edges.filter(({ from }) => from === name).map(({ to }) => to);
  return (
    <>
      <KeyValue
        items={[
          ['Kind', node.kind],
          [
            'Model',
            node.model !== null && node.version !== null ? (
              <Link key="m" to={path`/registry/${node.model}/${node.version}`}>
                {node.model} version {node.version}
              </Link>
            ) : undefined,
          ],
          ['Digest', node.digest ? <Digest key="d" digest={node.digest} /> : undefined],
          ['Does', node.kind === 'model' ? undefined : node.summary],
          ['Reads', [...new Set(reads)].join(', ') || 'nothing'],
          ['Read by', [...new Set(readers)].join(', ')],
          ['When it fails', onErrorWords[node.onError] ?? node.onError],
          ['Runs in', traffic.placement === 'inline' ? 'the server' : (traffic.placement ?? undefined)],
          ['Rows', `${count(traffic.rows)} in ${count(traffic.runs)} runs since the start`],
          ['Failed rows', traffic.failedRows > 0 ? count(traffic.failedRows) : 'none'],
          ['Time p50', duration(traffic.p50Ms)],
          ['Time p99', duration(traffic.p99Ms)],
        ]}
      />
      {traffic.branches.length > 0 ? (
        <DataTable
          name={`${name}-branches`}
          rows={traffic.branches}
          rowKey={(branch) => branch.to}
          empty={null}
          columns={[
            { key: 'to', title: 'Branch', value: (branch) => branch.to, width: 'minmax(120px, 2fr)' },
            {
              key: 'rows',
              title: 'Rows',
              value: (branch) => branch.rows,
              render: (branch) => count(branch.rows),
              width: '90px',
              align: 'right',
            },
            {
              key: 'share',
              title: 'Share',
              value: (branch) => branch.share,
              render: (branch) => (branch.share === null ? '–' : percent(branch.share, 1)),
              width: '80px',
              align: 'right',
            },
          ]}
        />
      ) : null}
      <h3 style={{ fontSize: 'var(--fs-2)' }}>As declared</h3>
      <JsonBlock value={graph.spec.nodes[name]} />
    </>
  );
}

const onErrorWords: Record<string, string> = {
  fail: 'the request goes to the fallback',
  skip: 'it is left out',
  default: 'its default stands in',
};
