import type { SpanColumns } from '../../../api/types.ts';

/** Where the subtree of a span ends: rows stand in the order of the tree. */
export function endOf(columns: SpanColumns, at: number): number {
  const own = columns.depth[at] ?? 0;
  let end = at + 1;
  while (end < columns.depth.length && (columns.depth[end] ?? 0) > own) end += 1;
  return end;
}

export function hasChildren(columns: SpanColumns, at: number): boolean {
  return (columns.depth[at + 1] ?? 0) > (columns.depth[at] ?? 0);
}

/** The places of the spans that stand in sight: what is below a closed one is left out. */
export function openRows(columns: SpanColumns, closed: ReadonlySet<number>): Int32Array {
  const { depth } = columns;
  const rows = new Int32Array(depth.length);
  let count = 0;
  let hidden = Number.POSITIVE_INFINITY;
  for (let at = 0; at < depth.length; at++) {
    const own = depth[at] ?? 0;
    if (own > hidden) continue;
    hidden = Number.POSITIVE_INFINITY;
    rows[count++] = at;
    if (closed.has(at)) hidden = own;
  }
  return rows.subarray(0, count);
}

/** Opens what stands above a span, so that it comes into sight. */
export function opened(columns: SpanColumns, closed: ReadonlySet<number>, at: number): ReadonlySet<number> {
  const above: number[] = [];
  for (let up = columns.parent[at] ?? -1; up >= 0; up = columns.parent[up] ?? -1) above.push(up);
  if (!above.some((place) => closed.has(place))) return closed;
  const next = new Set(closed);
  for (const place of above) next.delete(place);
  return next;
}

/** When the last span ends, in microseconds after the origin; one that goes on counts as far as it has come. */
export function lengthOf({ start, duration }: SpanColumns): number {
  let length = 1;
  for (let at = 0; at < start.length; at++) {
    length = Math.max(length, (start[at] ?? 0) + (duration[at] ?? 0));
  }
  return length;
}

/**
 * Microseconds that a span spends outside of its children; children at the same time count once. Null while it goes
 * on. Siblings stand by their start, so one pass over the columns is enough.
 */
export function selfTimes(columns: SpanColumns): (number | null)[] {
  const { start, duration, parent } = columns;
  const covered = new Float64Array(start.length);
  const until = new Float64Array(start.length);
  for (let at = 0; at < start.length; at++) {
    const up = parent[at] ?? -1;
    if (up < 0) continue;
    const limit = (start[up] ?? 0) + (duration[up] ?? Number.POSITIVE_INFINITY);
    const from = Math.max(start[at] ?? 0, start[up] ?? 0, until[up] ?? 0);
    const to = Math.min((start[at] ?? 0) + (duration[at] ?? 0), limit);
    if (to <= from) continue;
    covered[up] = (covered[up] ?? 0) + to - from;
    until[up] = to;
  }
  return duration.map((own, at) => (own === null ? null : Math.max(0, own - (covered[at] ?? 0))));
}

/**
 * The spans that the end of the trace waited for: from each span on the path, back from its end, the child that ended
 * last before the one found before it. Making any other span faster does not end the trace sooner.
 */
export function criticalPath(columns: SpanColumns): ReadonlySet<number> {
  const { start, duration, parent } = columns;
  const end = (at: number) => (start[at] ?? 0) + (duration[at] ?? 0);
  const children = new Map<number, number[]>();
  for (let at = 0; at < parent.length; at++) {
    const up = parent[at] ?? -1;
    const list = children.get(up);
    if (list) list.push(at);
    else children.set(up, [at]);
  }
  const roots = children.get(-1) ?? [];
  const last = roots.reduce((best, at) => (best < 0 || end(at) > end(best) ? at : best), -1);
  const path = new Set<number>();
  const open = last < 0 ? [] : [last];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    path.add(at);
    // Clocks of other machines may be ahead: a child that ends after its parent still counts as the last.
    let cursor = Number.POSITIVE_INFINITY;
    for (const child of (children.get(at) ?? []).sort((a, b) => end(b) - end(a))) {
      if (end(child) > cursor || duration[child] === null) continue;
      open.push(child);
      cursor = start[child] ?? 0;
    }
  }
  return path;
}

/** The spans whose name, type, status or id holds the text, in order. */
export function matches(columns: SpanColumns, text: string): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const holding = (words: string[]) => words.map((word) => word.toLowerCase().includes(wanted));
  const names = holding(columns.names);
  const types = holding(columns.types);
  const statuses = holding(columns.statuses);
  const found: number[] = [];
  for (let at = 0; at < columns.id.length; at++) {
    const isFound =
      names[columns.name[at] ?? -1] ||
      types[columns.type[at] ?? -1] ||
      statuses[columns.status[at] ?? -1] ||
      columns.id[at]?.includes(wanted);
    if (isFound) found.push(at);
  }
  return found;
}

/** The places of the spans that failed. */
export function failures({ status, statuses }: SpanColumns): number[] {
  const failed = statuses.indexOf('ERROR');
  if (failed < 0) return [];
  const found: number[] = [];
  for (let at = 0; at < status.length; at++) if (status[at] === failed) found.push(at);
  return found;
}
