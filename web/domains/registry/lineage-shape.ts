import type { Deployment, LineageGraph } from '../../api/types.ts';

export type ShapedLineage = LineageGraph & {
  /** Data versions before the used one, which are left out. */
  earlier: Map<string, number>;
};

/**
 * The part of a version's lineage that tells how it was made and where it went: of a chain of data versions only
 * those that something else was made from, no alerts, no edge that another path already says; with the
 * deployments that serve it at the end.
 */
export function shapeLineage(graph: LineageGraph, deployments: Deployment[]): ShapedLineage {
  const isVersion = (id: string) => id.startsWith('dataset:') && id.includes('@');
  const isName = (id: string) => (id.startsWith('dataset:') && !id.includes('@')) || id.startsWith('suite:');
  const used = new Set(
    graph.edges
      .filter((edge) => isVersion(edge.from) && !edge.to.startsWith('dataset:'))
      .map((edge) => edge.from),
  );
  const earlier = new Map<string, number>();
  for (const version of used) {
    const name = version.slice(0, version.lastIndexOf('@') + 1);
    const at = Number(version.slice(name.length));
    const before = graph.nodes.filter(
      (node) => node.id.startsWith(name) && Number(node.id.slice(name.length)) < at && !used.has(node.id),
    );
    if (before.length > 0) earlier.set(version, before.length);
  }
  const nodes = graph.nodes.filter(
    (node) => node.kind !== 'alert' && !isName(node.id) && (!isVersion(node.id) || used.has(node.id)),
  );
  const versionOf = (id: string) =>
    isName(id) ? [...used].filter((version) => version.startsWith(`${id}@`)).at(-1) : id;
  const edges = graph.edges.flatMap((edge) => {
    const from = versionOf(edge.from);
    return from === undefined || isName(edge.to) ? [] : [{ from, to: edge.to }];
  });
  for (const deployment of deployments) {
    const arms = deployment.route
      .map((arm) => `revision:${arm.revision}`)
      .filter((revision) => nodes.some((node) => node.id === revision));
    if (arms.length === 0) continue;
    const id = `deployment:${deployment.name}`;
    if (!nodes.some((node) => node.id === id))
      nodes.push({ id, kind: 'deployment', name: deployment.name, event: null, time: null });
    for (const revision of arms) edges.push({ from: revision, to: id });
  }
  const known = new Set(nodes.map((node) => node.id));
  const kept = edges.filter((edge) => known.has(edge.from) && known.has(edge.to) && edge.from !== edge.to);
  return { nodes, edges: withoutShortcuts(kept), earlier };
}

/** Leaves out an edge when a longer path leads the same way. */
function withoutShortcuts(edges: LineageGraph['edges']): LineageGraph['edges'] {
  const next = new Map<string, string[]>();
  for (const edge of edges) next.set(edge.from, [...(next.get(edge.from) ?? []), edge.to]);
  const reaches = (from: string, to: string, skip: string): boolean => {
    const seen = new Set<string>();
    const open = (next.get(from) ?? []).filter((id) => id !== skip);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (id === to) return true;
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(...(next.get(id) ?? []));
    }
    return false;
  };
  return edges.filter((edge) => !reaches(edge.from, edge.to, edge.to));
}
