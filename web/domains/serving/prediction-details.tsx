import { useState } from 'react';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { JsonObject, Prediction, Why } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { eventState, eventWords } from '../../ui/event.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { brief, duration, MISSING, metric, utc } from '../../ui/format.ts';
import { Graph, type GraphNode } from '../../ui/graph.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { SubjectLink, subjectParts } from '../../ui/subject.tsx';
import { EventDetails } from '../../ui/why-chain.tsx';
import { Outcome, Score } from './predictions-view.tsx';

/** What was asked, what was answered, and by whom. */
export function PredictionFacts({ row }: { row: Prediction }) {
  return (
    <KeyValue
      items={[
        ['Id', <CopyId key="i" id={row.id} />],
        ['Score', <Score key="s" value={row.score} />],
        ['Outcome', <Outcome key="o" row={row} />],
        ['Error', row.error ?? undefined],
        ['Deployment', <SubjectLink key="d" subject={`deployment:${row.deployment}`} />],
        [
          'Version',
          row.model && row.version !== null ? (
            <span key="v">
              <SubjectLink subject={`model:${row.model}/${row.version}`} />{' '}
              <span className="dim">{row.arm}</span>
            </span>
          ) : null,
        ],
        ['Rollout', row.rollout ? <SubjectLink key="r" subject={`rollout:${row.rollout}`} /> : undefined],
        [
          'The other arm',
          row.pairScore === null ? undefined : `scored the same row ${metric(row.pairScore)}`,
        ],
        ['Event time', row.eventTime ? `${utc(row.eventTime, 'second')} UTC` : MISSING],
        ['Asked', `${utc(row.time, 'ms')} UTC`],
        ['Latency', duration(row.latencyMs)],
        ['Revision', <CopyId key="n" id={row.revision} />],
      ]}
    />
  );
}

/** Inputs as sent and the feature vector that the model saw. */
export function PredictionVector({ row }: { row: Prediction }) {
  const inputs =
    row.inputs !== null && typeof row.inputs === 'object' && !Array.isArray(row.inputs)
      ? Object.entries(row.inputs as JsonObject)
      : [];
  const features = Object.entries(row.features);
  return (
    <div className="stack loose">
      {inputs.length > 0 ? (
        <div>
          <h3 style={{ fontSize: 'var(--fs-2)' }}>Inputs as sent</h3>
          <KeyValue
            items={inputs.map(([name, value]) => [
              name,
              typeof value === 'number' && value > 1e11 ? `${utc(value, 'second')} UTC` : brief(value),
            ])}
          />
        </div>
      ) : null}
      <div>
        <h3 style={{ fontSize: 'var(--fs-2)' }}>Feature vector</h3>
        {features.length === 0 ? (
          <span className="dim">The inputs went to the model as they were.</span>
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>Feature</th>
                <th className="right">Value</th>
              </tr>
            </thead>
            <tbody>
              {features.map(([name, value]) => (
                <tr key={name}>
                  <td>
                    <code>{name}</code>
                  </td>
                  <td className="right" title={value === null ? 'missing' : String(value)}>
                    {value === null ? <span className="faint">missing</span> : brief(value)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </div>
  );
}

/** The chain from this prediction back to the data behind its model. */
export function PredictionWhy({ row }: { row: Prediction }) {
  const why = useApi<{ prediction: Prediction; graph: Why }>(path`/api/serving/predictions/${row.id}/why`, {
    keep: false,
  });
  const [chosen, setChosen] = useState<string | null>(null);
  return (
    <Loaded query={why} height={300}>
      {({ graph }) => {
        if (graph.nodes.length === 0) return <Empty title="The ledger holds nothing about this revision" />;
        const node = graph.nodes.find((item) => item.id === (chosen ?? graph.root)) ?? graph.nodes[0];
        const here: GraphNode = {
          id: 'prediction',
          label: `score ${metric(row.score)}`,
          sub: `Prediction ${row.id}`,
          selected: true,
        };
        return (
          <div className="stack loose">
            <Graph
              label={`Causal chain of prediction ${row.id}`}
              height={260}
              onOpen={(id) => (id === 'prediction' ? undefined : setChosen(id))}
              nodes={[
                here,
                ...graph.nodes.map<GraphNode>((item) => {
                  const [kind, name] = subjectParts(item.event.subject);
                  const state = eventState(item.event.type);
                  return {
                    id: item.id,
                    label: name,
                    sub: `${kind}: ${eventWords(item.event.type)}`,
                    ...(state ? { state } : {}),
                  };
                }),
              ]}
              edges={[
                ...graph.edges.map((edge) => ({
                  from: edge.to,
                  to: edge.from,
                  dashed: edge.kind === 'uses',
                })),
                { from: graph.root, to: 'prediction' },
              ]}
            />
            {node ? <EventDetails event={node.event} /> : null}
          </div>
        );
      }}
    </Loaded>
  );
}
