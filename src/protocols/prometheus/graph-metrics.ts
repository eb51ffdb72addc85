import type { NodeSeries } from '../../domains/serving/index.ts';
import { type Labels, metric } from './exposition.ts';
import { histogram } from './histogram.ts';

/** What ran in the nodes of the graphs that serve now, and which branches their rows took. */
export async function graphMetrics(series: readonly NodeSeries[]): Promise<string[]> {
  const labelled = series.map(({ meter, ...labels }): [NodeSeries['meter'], Labels] => {
    const { deployment, version, revision, node } = labels;
    return [meter, { deployment, version, revision, node }];
  });
  const counter = (name: string, help: string, value: (meter: NodeSeries['meter']) => number) =>
    metric(
      name,
      'counter',
      help,
      labelled.map(([meter, labels]) => ({ labels, value: value(meter) })),
    );
  return [
    counter('houston_graph_node_runs_total', 'Runs of a node of a graph', ({ runs }) => runs),
    counter('houston_graph_node_rows_total', 'Rows that a node was asked for', ({ rows }) => rows),
    counter(
      'houston_graph_node_failed_rows_total',
      'Rows that a node did not answer',
      ({ failedRows }) => failedRows,
    ),
    await histogram(
      'houston_graph_node_seconds',
      'Runs of a node, with those of the nodes that a branch asks',
      labelled.map(([{ latency }, labels]) => [latency, labels]),
    ),
    metric(
      'houston_graph_branch_rows_total',
      'counter',
      'Rows that took a branch of a node',
      series.flatMap(({ branches, meter }, i) =>
        branches.map((branch, at) => ({ labels: { ...labelled[i][1], branch }, value: meter.branches[at] })),
      ),
    ),
  ];
}
