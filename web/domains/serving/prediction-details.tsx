import { Switch } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { FeedbackWord, JsonObject, LedgerEvent, Prediction, Why } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { eventState, eventWords } from '../../ui/event.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { brief, duration, MISSING, metric, utc } from '../../ui/format.ts';
import { Graph, type GraphNode } from '../../ui/graph.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { SubjectLink, subjectParts } from '../../ui/subject.tsx';
import { EventDetails } from '../../ui/why-chain.tsx';
import { Outcome, Score } from './predictions-view.tsx';
import { shapeWhy } from './why-shape.ts';
import './serving.css';

/** What was asked, what was answered, and by whom. */
export function PredictionFacts({ row }: { row: Prediction }) {
  const traced = useApi<{ trace: string | null }>(path`/api/serving/predictions/${row.id}/trace`);
  const trace = traced.data?.trace;
  return (
    <KeyValue
      items={[
        ['Id', <CopyId key="i" id={row.id} />],
        ['Score', <Score key="s" value={row.score} />],
        ['Outcome', <Outcome key="o" row={row} />],
        [
          'Told of it',
          row.label === null && row.reward === null ? undefined : <FeedbackWords key="w" row={row} />,
        ],
        [
          'Recorded',
          row.erased
            ? 'a person was erased from it'
            : row.weight === 0
              ? 'in part: it was left out of the sample'
              : row.weight === 1
                ? undefined
                : `in whole, and stands for ${brief(row.weight)} requests`,
        ],
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
        ['Latency', row.cached ? `${duration(row.latencyMs)}, from the cache` : duration(row.latencyMs)],
        [
          'Trace',
          trace ? (
            <Link key="t" to={path`/experiments/traces/${trace}`}>
              where the time went
            </Link>
          ) : undefined,
        ],
        ['Revision', <CopyId key="n" id={row.revision} />],
      ]}
    />
  );
}

/** Every word on the outcome: the newest counts, and those before stay to be read. */
function FeedbackWords({ row }: { row: Prediction }) {
  const words = useList<FeedbackWord>(path`/api/serving/predictions/${row.id}/feedback`, { keep: false });
  return (
    <span className="stack" style={{ gap: 2 }}>
      {(words.data?.items ?? []).slice(0, 5).map((word, at) => (
        <span key={word.received + String(word.value)} className={at === 0 ? undefined : 'dim'}>
          {word.value === null ? '' : `outcome ${brief(word.value)} `}
          {word.reward === null ? '' : `reward ${brief(word.reward)} `}
          <span className="dim small">{utc(word.received, 'second')} UTC</span>
        </span>
      ))}
    </span>
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
          <dl className="vector">
            {features.map(([name, value]) => (
              <div key={name} className="vector-line">
                <dt className="truncate">
                  <code>{name}</code>
                </dt>
                <dd title={value === null ? 'missing' : String(value)}>
                  {value === null ? <span className="faint">missing</span> : brief(value)}
                </dd>
              </div>
            ))}
          </dl>
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
  const [whole, setWhole] = useState(false);
  return (
    <Loaded query={why} height={300}>
      {({ graph }) => {
        if (graph.nodes.length === 0) return <Empty title="The ledger holds nothing about this revision" />;
        const shown = whole ? graph : shapeWhy(graph);
        const at = chosen ?? graph.root;
        const node = graph.nodes.find((item) => item.id === at) ?? graph.nodes[0];
        return (
          <div className="stack loose">
            <Graph
              label={`Causal chain of prediction ${row.id}`}
              height={320}
              anchor="end"
              onOpen={(id) => (id === HERE ? undefined : setChosen(id))}
              nodes={[
                { id: HERE, label: `score ${metric(row.score)}`, sub: `Prediction ${row.id}` },
                ...shown.nodes.map((item) => nodeOf(item.id, item.event, item.id === at)),
              ]}
              edges={[
                ...shown.edges.map((edge) => ({
                  from: edge.to,
                  to: edge.from,
                  dashed: edge.kind === 'uses',
                })),
                { from: graph.root, to: HERE },
              ]}
            />
            <div className="row">
              <span className="dim small grow">
                Solid: caused. Dashed: was made into. {shown.nodes.length} of {graph.nodes.length} events.
              </span>
              {shown.nodes.length < graph.nodes.length || whole ? (
                <Switch
                  label="The whole chain"
                  checked={whole}
                  onChange={(event) => setWhole(event.currentTarget.checked)}
                />
              ) : null}
            </div>
            {node ? <EventDetails event={node.event} /> : null}
          </div>
        );
      }}
    </Loaded>
  );
}

const HERE = 'prediction';

function nodeOf(id: string, event: LedgerEvent, selected: boolean): GraphNode {
  const [kind, name] = subjectParts(event.subject);
  const state = eventState(event.type);
  return {
    id,
    label: name,
    sub: `${kind}: ${eventWords(event.type)}`,
    selected,
    ...(state ? { state } : {}),
  };
}
