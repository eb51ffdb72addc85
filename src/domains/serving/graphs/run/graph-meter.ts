import {
  addLatency,
  createHistogram,
  type LatencyHistogram,
  latencyQuantile,
} from '../../meter/latency-histogram.ts';
import type { GraphPlan } from '../plan/graph.plan.ts';

/** What ran in one node since the process started. */
export type NodeMeter = {
  runs: number;
  rows: number;
  failedRows: number;
  latency: LatencyHistogram;
  /** Rows by branch. */
  branches: number[];
};

/** Meters of a graph's nodes, in the order of its plan. */
export type GraphMeter = readonly NodeMeter[];

export function createGraphMeter({ nodes }: GraphPlan): GraphMeter {
  return nodes.map((node) => ({
    runs: 0,
    rows: 0,
    failedRows: 0,
    latency: createHistogram(),
    branches: 'branches' in node ? node.branches.map(() => 0) : [],
  }));
}

/** Counts one run of a node. */
export function meterNode(meter: NodeMeter, rows: number, ms: number): void {
  meter.runs++;
  meter.rows += rows;
  addLatency(meter.latency, ms);
}

/** What the page of a deployment shows of a graph's nodes. */
export function graphTraffic(plan: GraphPlan, meter: GraphMeter, placements: ReadonlyMap<string, string>) {
  return plan.nodes.map((node, i) => {
    const { runs, rows, failedRows, latency, branches } = meter[i];
    const total = branches.reduce((sum, one) => sum + one, 0);
    return {
      name: node.name,
      placement: placements.get(node.name) ?? null,
      runs,
      rows,
      failedRows,
      p50Ms: latencyQuantile(latency, 0.5),
      p99Ms: latencyQuantile(latency, 0.99),
      branches:
        'branches' in node
          ? node.branches.map(({ label }, branch) => ({
              to: label,
              rows: branches[branch],
              share: total > 0 ? branches[branch] / total : null,
            }))
          : [],
    };
  });
}
