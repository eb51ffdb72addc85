import { platformError } from '../errors.ts';
import type { Scope } from '../scope.ts';
import { type LedgerEvent, toEvent } from './ledger.model.ts';

export type WhyNode = { id: string; depth: number; event: LedgerEvent };
/** `cause`: the event that led here. `uses`: made from this state. `origin`: how the same subject came to be. */
export type WhyEdge = { from: string; to: string; kind: 'cause' | 'uses' | 'origin'; subject?: string };
export type WhyGraph = {
  subject: string;
  root: string;
  nodes: WhyNode[];
  edges: WhyEdge[];
  truncated: boolean;
};

/**
 * Explains a state back to its causes: from the newest event of `subject` (or from the event with that id)
 * it follows `cause` edges, the lineage edges `uses`, each to the last event of that subject before it, and from
 * a later event of a subject to the one that made it.
 * Raises platform.subject.not_found. `depth` is the distance from the root.
 */
export async function why(scope: Scope, subject: string, limit = 200): Promise<WhyGraph> {
  const root = subject.startsWith('evt_') ? await eventById(scope, subject) : await lastEvent(scope, subject);
  if (!root) throw platformError('platform.subject.not_found', 'The ledger knows nothing of this subject.');
  const nodes = new Map<string, WhyNode>([[root.id, { id: root.id, depth: 0, event: root }]]);
  const edges: WhyEdge[] = [];
  const queue: WhyNode[] = [nodes.get(root.id)!];
  let truncated = false;
  const visit = (from: WhyNode, event: LedgerEvent, edge: Omit<WhyEdge, 'from' | 'to'>) => {
    edges.push({ from: from.id, to: event.id, ...edge });
    if (nodes.has(event.id)) return;
    if (nodes.size >= limit) {
      truncated = true;
      return;
    }
    const node = { id: event.id, depth: from.depth + 1, event };
    nodes.set(event.id, node);
    queue.push(node);
  };
  for (let node = queue.shift(); node; node = queue.shift()) {
    if (node.event.cause) {
      const cause = await eventById(scope, node.event.cause);
      if (cause) visit(node, cause, { kind: 'cause' });
    }
    for (const used of node.event.uses) {
      const made = await lastEvent(scope, used, node.event.seq);
      if (made) visit(node, made, { kind: 'uses', subject: used });
    }
    const origin = await firstEvent(scope, node.event.subject);
    if (origin && origin.seq < node.event.seq && !reached(edges, node.id, origin.id)) {
      visit(node, origin, { kind: 'origin', subject: origin.subject });
    }
  }
  const known = edges.filter((edge) => nodes.has(edge.to));
  return { subject, root: root.id, nodes: [...nodes.values()], edges: known, truncated };
}

/** Events whose state was made from `subject`, oldest first: the downstream side of lineage. */
export async function usedBy(scope: Scope, subject: string, limit = 200): Promise<LedgerEvent[]> {
  const rows = await scope.db
    .selectFrom('ledger_uses')
    .innerJoin('ledger_events', 'ledger_events.seq', 'ledger_uses.seq')
    .selectAll('ledger_events')
    .where('ledger_uses.subject', '=', subject)
    .orderBy('ledger_events.seq')
    .limit(limit)
    .execute();
  return rows.map(toEvent);
}

const reached = (edges: readonly WhyEdge[], from: string, to: string) =>
  edges.some((edge) => edge.from === from && edge.to === to);

async function firstEvent(scope: Scope, subject: string): Promise<LedgerEvent | undefined> {
  const row = await scope.db
    .selectFrom('ledger_events')
    .selectAll()
    .where('subject', '=', subject)
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst();
  return row && toEvent(row);
}

async function eventById(scope: Scope, id: string): Promise<LedgerEvent | undefined> {
  const row = await scope.db.selectFrom('ledger_events').selectAll().where('id', '=', id).executeTakeFirst();
  return row && toEvent(row);
}

async function lastEvent(scope: Scope, subject: string, before?: number): Promise<LedgerEvent | undefined> {
  let query = scope.db.selectFrom('ledger_events').selectAll().where('subject', '=', subject);
  if (before !== undefined) query = query.where('seq', '<', before);
  const row = await query.orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row && toEvent(row);
}
