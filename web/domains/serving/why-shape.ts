import type { Why } from '../../api/types.ts';

/** Events that end the story of one answer: what lies behind them is the story of something else. */
const ends = [
  'serving.rollout.promoted',
  'serving.rollout.rolled-back',
  'serving.deployment.created',
  'monitoring.drift.detected',
  'monitoring.performance.degraded',
  'data.version.created',
  'platform.declaration.applied',
];

/**
 * The part of a causal chain that explains its root: followed back until a data version, the first sign of an
 * incident or an earlier rollout, and without edges that a longer path already says.
 */
export function shapeWhy(graph: Why): Pick<Why, 'nodes' | 'edges'> {
  const byId = new Map(graph.nodes.map((node) => [node.id, node]));
  const kept = new Set<string>();
  const open = [graph.root];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const node = byId.get(id);
    if (!node || kept.has(id)) continue;
    kept.add(id);
    if (id !== graph.root && ends.includes(node.event.type)) continue;
    for (const edge of graph.edges) if (edge.from === id) open.push(edge.to);
  }
  const edges = graph.edges.filter((edge) => kept.has(edge.from) && kept.has(edge.to));
  return { nodes: graph.nodes.filter((node) => kept.has(node.id)), edges: withoutShortcuts(edges) };
}

function withoutShortcuts(edges: Why['edges']): Why['edges'] {
  const next = new Map<string, Set<string>>();
  for (const edge of edges) next.set(edge.from, (next.get(edge.from) ?? new Set()).add(edge.to));
  const isLonger = (from: string, to: string): boolean => {
    const seen = new Set<string>();
    const open = [...(next.get(from) ?? [])].filter((id) => id !== to);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === to) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(...(next.get(id) ?? []));
    }
    return false;
  };
  const said = new Set<string>();
  return edges.filter((edge) => {
    const key = `${edge.from} ${edge.to}`;
    if (said.has(key)) return false;
    said.add(key);
    return !isLonger(edge.from, edge.to);
  });
}
