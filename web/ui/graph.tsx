import { lazy, Suspense } from 'react';
import { Skeleton } from './feedback.tsx';

export type GraphNode = {
  id: string;
  label: string;
  sub?: string;
  /** A state word; colours the edge of the box and stands as a badge. */
  state?: string;
  /** Share done, 0 to 1. */
  progress?: number | null;
  selected?: boolean;
};
export type GraphEdge = { from: string; to: string; label?: string; dashed?: boolean; animated?: boolean };
export type GraphProps = {
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Pixels; by default what the widest rank needs. */
  height?: number;
  /** Narrow boxes, for chains of many steps. */
  compact?: boolean;
  /** The side that stays in sight when the graph is wider than its frame. */
  anchor?: 'start' | 'end';
  onOpen?: (id: string) => void;
  label: string;
};

/** Height that the widest rank needs. */
function graphHeight(nodes: GraphNode[], edges: GraphEdge[]): number {
  const rank = new Map(nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < nodes.length; round += 1) {
    let changed = false;
    for (const edge of edges) {
      const wanted = (rank.get(edge.from) ?? 0) + 1;
      if (rank.has(edge.from) && (rank.get(edge.to) ?? wanted) < wanted && wanted < nodes.length) {
        rank.set(edge.to, wanted);
        changed = true;
      }
    }
    if (!changed) break;
  }
  const sizes = new Map<number, number>();
  for (const at of rank.values()) sizes.set(at, (sizes.get(at) ?? 0) + 1);
  return Math.min(520, Math.max(130, Math.max(1, ...sizes.values()) * 66 + 56));
}

const Canvas = lazy(() => import('./graph-canvas.tsx').then((module) => ({ default: module.GraphCanvas })));

/** A directed graph, laid out from left to right. Its drawing code loads on first use. */
export function Graph(props: GraphProps) {
  const height = props.height ?? graphHeight(props.nodes, props.edges);
  return (
    <Suspense fallback={<Skeleton height={height} />}>
      <Canvas {...props} height={height} />
    </Suspense>
  );
}
