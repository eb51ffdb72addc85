import type { SpanHead } from './spans.store.ts';

/** The spans of a trace as columns of one length, in the order of a tree read from the top. */
export type SpanTree = {
  names: string[];
  types: string[];
  statuses: string[];
  id: string[];
  parent: number[];
  depth: number[];
  name: number[];
  type: number[];
  status: number[];
  start: number[];
  duration: (number | null)[];
  tokens: (number | null)[];
  cost: (number | null)[];
};

/**
 * Lays spans (ordered by start) out as a tree; a span whose parent is not here stands at the top, and what a circle
 * of parents would hide does too. Times in microseconds after `origin`.
 */
export function layOut(spans: readonly SpanHead[], origin: number): SpanTree {
  const tree: SpanTree = {
    names: [],
    types: [],
    statuses: [],
    id: [],
    parent: [],
    depth: [],
    name: [],
    type: [],
    status: [],
    start: [],
    duration: [],
    tokens: [],
    cost: [],
  };
  const here = new Set(spans.map(({ id }) => id));
  const below = new Map<string, SpanHead[]>();
  const tops: SpanHead[] = [];
  for (const span of spans) {
    const parent = span.parent_id;
    if (parent === null || !here.has(parent)) tops.push(span);
    else if (below.has(parent)) below.get(parent)!.push(span);
    else below.set(parent, [span]);
  }
  const places = { name: new Map(), type: new Map(), status: new Map() };
  const seen = new Set<string>();
  const add = (top: SpanHead) => {
    const stack = [{ span: top, parent: -1, depth: 0 }];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const { span, parent, depth } = next;
      if (seen.has(span.id)) continue;
      seen.add(span.id);
      const place = tree.id.push(span.id) - 1;
      tree.parent.push(parent);
      tree.depth.push(depth);
      tree.name.push(placeOf(places.name, tree.names, span.name));
      tree.type.push(placeOf(places.type, tree.types, span.type));
      tree.status.push(placeOf(places.status, tree.statuses, span.status));
      tree.start.push(span.started_us - origin);
      tree.duration.push(span.ended_us === null ? null : span.ended_us - span.started_us);
      tree.tokens.push(span.total_tokens);
      tree.cost.push(span.total_cost);
      const children = below.get(span.id) ?? [];
      for (let i = children.length - 1; i >= 0; i--) {
        stack.push({ span: children[i]!, parent: place, depth: depth + 1 });
      }
    }
  };
  for (const top of tops) add(top);
  if (seen.size < spans.length) for (const span of spans) if (!seen.has(span.id)) add(span);
  return tree;
}

function placeOf(places: Map<string, number>, texts: string[], text: string): number {
  const known = places.get(text);
  if (known !== undefined) return known;
  const place = texts.push(text) - 1;
  places.set(text, place);
  return place;
}
