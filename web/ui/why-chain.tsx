import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../api/hooks.ts';
import type { LedgerEvent, Why, WhyEdge } from '../api/types.ts';
import { JsonBlock } from './code-block.tsx';
import { CopyId, Digest } from './copy-id.tsx';
import { eventState, eventWords } from './event.ts';
import { Empty, Loaded } from './feedback.tsx';
import { utc } from './format.ts';
import { Graph, type GraphEdge, type GraphNode } from './graph.tsx';
import { KeyValue } from './key-value.tsx';
import { SubjectLink, shortId, subjectParts } from './subject.tsx';

/** The causal chain of a subject as a graph that reads left to right, with the chosen event below. */
export function WhyChain({ subject, height }: { subject: string; height?: number }) {
  const query = useApi<Why>('/api/ledger/why', { query: { subject } });
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Loaded query={query} height={height ?? 300}>
      {(why) => {
        const node = why.nodes.find((item) => item.id === (chosen ?? why.root)) ?? why.nodes[0];
        if (!node) return <Empty title="Nothing is recorded about this subject yet" />;
        return (
          <div className="stack loose">
            <Graph
              label={`Causal chain of ${subject}`}
              {...(height ? { height } : {})}
              anchor="end"
              nodes={why.nodes.map((item) => graphNode(item.event, item.id === node.id))}
              edges={drawn(why.edges)}
              onOpen={setChosen}
            />
            <div className="legend">
              <span className="legend-item">
                <span className="swatch" style={{ borderColor: 'var(--dim)' }} /> caused
              </span>
              <span className="legend-item">
                <span className="swatch" style={{ borderColor: 'var(--dim)', borderTopStyle: 'dashed' }} />{' '}
                was made into
              </span>
              <span>
                Causes stand at the left, what follows at the right; what a longer way shows is not drawn
                twice.
              </span>
              {why.truncated ? <span>The chain is longer than what is drawn.</span> : null}
            </div>
            <EventDetails event={node.event} />
          </div>
        );
      }}
    </Loaded>
  );
}

/** The edges from cause to effect, without those of `uses` that a longer way shows too. */
function drawn(edges: WhyEdge[]): GraphEdge[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of edges) next.set(to, (next.get(to) ?? new Set()).add(from));
  const reaches = (start: string, end: string, seen: Set<string>): boolean => {
    for (const one of next.get(start) ?? []) {
      if (one === end) return true;
      if (seen.has(one)) continue;
      seen.add(one);
      if (reaches(one, end, seen)) return true;
    }
    return false;
  };
  const longer = ({ from, to }: WhyEdge) =>
    [...(next.get(to) ?? [])].some((one) => one !== from && reaches(one, from, new Set([one])));
  const once = new Map(edges.map((edge) => [`${edge.from} ${edge.to} ${edge.kind}`, edge]));
  return [...once.values()]
    .filter((edge) => edge.kind === 'cause' || !longer(edge))
    .map((edge) => ({ from: edge.to, to: edge.from, dashed: edge.kind !== 'cause' }));
}

function graphNode(event: LedgerEvent, selected: boolean): GraphNode {
  const [kind, name] = subjectParts(event.subject);
  const state = eventState(event.type);
  return {
    id: event.id,
    label: shortId(name),
    sub: `${kind}: ${eventWords(event.type)}`,
    selected,
    ...(state ? { state } : {}),
  };
}

/** Everything that one event says. */
export function EventDetails({ event }: { event: LedgerEvent }) {
  return (
    <div className="stack">
      <KeyValue
        items={[
          ['Event', event.type],
          ['Subject', <SubjectLink key="s" subject={event.subject} kind />],
          ['Time', `${utc(event.time, 'second')} UTC`],
          ['By', event.actor],
          [
            'Caused by',
            event.cause ? (
              <Link key="c" to={`/ledger/events/${event.cause}`}>
                {event.cause}
              </Link>
            ) : undefined,
          ],
          [
            'Made from',
            event.uses.length > 0 ? (
              <span key="u" className="row wrap" style={{ gap: '0 12px' }}>
                {event.uses.map((used) => (
                  <SubjectLink key={used} subject={used} kind />
                ))}
              </span>
            ) : undefined,
          ],
          ['Place in the ledger', `${event.seq}`],
          ['Id', <CopyId key="i" id={event.id} />],
          ['Hash', <Digest key="h" digest={event.hash} />],
        ]}
      />
      {Object.keys(event.data).length > 0 ? <JsonBlock value={event.data} maxHeight={260} /> : null}
    </div>
  );
}
