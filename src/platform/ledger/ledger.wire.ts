import type { Static } from 'typebox';
import { isoTime } from '../clock.ts';
import type { EventReply, WhyReply } from './ledger.contract.ts';
import type { LedgerEvent } from './ledger.model.ts';
import type { WhyGraph } from './why.ts';

/** An event as replies carry it: times as ISO texts. */
export function wireEvent(event: LedgerEvent): Static<typeof EventReply> {
  return { ...event, time: isoTime(event.time) };
}

/** The causes of a state as replies carry them. */
export function wireWhy(graph: WhyGraph): Static<typeof WhyReply> {
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, event: wireEvent(node.event) })) };
}
