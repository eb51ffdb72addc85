import type { GraphDrawing, GraphNodeTraffic } from '../../api/types.ts';
import { count, duration, percent } from '../../ui/format.ts';
import { Graph, type GraphEdge, type GraphNode } from '../../ui/graph.tsx';

/** What ran for one prediction, by node. */
export type Ran = ReadonlyMap<string, { ran: boolean; failed: boolean; branch: string | null }>;

/** A graph from the request to the reply; with what ran in it since the start, or for one prediction. */
export function ServingGraph({
  drawing,
  traffic,
  ran,
  wrong,
  selected,
  onOpen,
  label,
}: {
  drawing: GraphDrawing;
  traffic?: readonly GraphNodeTraffic[];
  ran?: Ran;
  wrong?: ReadonlySet<string>;
  selected?: string;
  onOpen?: (node: string) => void;
  label: string;
}) {
  const of = new Map(traffic?.map((one) => [one.name, one]));
  const nodes: GraphNode[] = drawing.nodes.map((node) => {
    const live = of.get(node.name);
    const one = ran?.get(node.name);
    const state = stateOf(node.name, live, one, wrong);
    return {
      id: node.name,
      label: node.name,
      sub: subOf(node.kind, node.summary, live, one),
      selected: node.name === selected,
      ...(state ? { state } : {}),
    };
  });
  const ends = new Set(drawing.edges.flatMap(({ from, to }) => [from, to]));
  if (ends.has('request')) nodes.unshift({ id: 'request', label: 'Request', sub: 'what callers send' });
  nodes.push({ id: 'reply', label: 'Reply', sub: 'what callers get' });
  return (
    <Graph
      label={label}
      nodes={nodes}
      edges={edgesOf(drawing, of, ran)}
      compact={nodes.length > 6}
      onOpen={(id) => (id === 'request' || id === 'reply' ? undefined : onOpen?.(id))}
    />
  );
}

function stateOf(
  name: string,
  live: GraphNodeTraffic | undefined,
  one: { ran: boolean; failed: boolean } | undefined,
  wrong: ReadonlySet<string> | undefined,
): string | undefined {
  if (wrong?.has(name)) return 'failed';
  if (one) return one.failed ? 'degraded' : one.ran ? 'succeeded' : 'skipped';
  if (!live || live.rows === 0) return undefined;
  return live.failedRows > 0 ? 'degraded' : 'healthy';
}

function subOf(
  kind: string,
  summary: string,
  live: GraphNodeTraffic | undefined,
  one: { ran: boolean; failed: boolean; branch: string | null } | undefined,
): string {
  if (one) {
    if (one.failed) return `${kind}: failed`;
    if (!one.ran) return `${kind}: did not run`;
    return one.branch ? `took ${one.branch}` : kind === 'model' ? summary : kind;
  }
  if (live && live.rows > 0) return `${count(live.rows)} rows, ${duration(live.p50Ms)}`;
  return kind === 'model' ? summary : `${kind}: ${summary}`;
}

/** Data runs along solid lines, conditions along dashed ones; a branch carries its share of the rows. */
function edgesOf(
  drawing: GraphDrawing,
  traffic: ReadonlyMap<string, GraphNodeTraffic>,
  ran: Ran | undefined,
): GraphEdge[] {
  const drawn = new Map<string, GraphEdge>();
  for (const { from, to, kind } of drawing.edges) {
    const key = `${from}>${to}`;
    const before = drawn.get(key);
    if (before && kind === 'condition') continue;
    const branches = traffic.get(to)?.branches.filter((branch) => nodeOf(branch.to) === from) ?? [];
    const rows = branches.reduce((sum, branch) => sum + branch.rows, 0);
    const all = traffic.get(to)?.branches.reduce((sum, branch) => sum + branch.rows, 0) ?? 0;
    const idle = ran !== undefined && ran.get(from)?.ran === false;
    drawn.set(key, {
      from,
      to,
      dashed: kind === 'condition' || idle,
      ...(kind === 'branch' && all > 0 ? { label: percent(rows / all, 0) } : {}),
    });
  }
  return [...drawn.values()];
}

const nodeOf = (reference: string) => /^[^.[]+/.exec(reference)?.[0] ?? reference;
