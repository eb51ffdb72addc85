import { Button, Select, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { parse, stringify } from 'yaml';
import { api, path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, FeatureService, GraphCheck, Rollout } from '../../api/types.ts';
import { Empty, ErrorPanel } from '../../ui/feedback.tsx';
import { toast } from '../../ui/toast.tsx';
import { ServingGraph } from './graph-drawing.tsx';

const start = `nodes:
  first: { model: MODEL_A@champion }
  second: { model: MODEL_B@champion }
  both:
    ensemble: mean
    of: [first, second]
    weights: [2, 1]
`;
const restMs = 350;

/** Declares a graph as YAML, with its drawing and what is wrong with it beside the text. */
export function GraphEditor({ deployment, close }: { deployment?: Deployment; close: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const services = useList<FeatureService>('/api/features/services');
  const [text, setText] = useState(() => textOf(deployment));
  const [name, setName] = useState(deployment?.name ?? '');
  const [features, setFeatures] = useState(deployment?.spec.features ?? '');
  const { graph, fault } = read(text);
  const check = useCheck(graph, features);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const drawing = useLast(check?.drawing ?? null);
  const errors = fault ? [{ node: null, message: fault, next: 'Correct the YAML.' }] : (check?.errors ?? []);

  const send = async () => {
    setBusy(true);
    setError(null);
    try {
      const page = path`/api/serving/deployments/${name.trim()}`;
      const { model: _, graph: __, features: ___, ...kept } = deployment?.spec ?? {};
      await api.put(page, { ...kept, graph, ...(features ? { features } : {}) });
      const rollout = await api.post<Rollout>(`${page}/deploy`, {});
      toast(
        rollout.state === 'promoted'
          ? `The graph answers at /v2/models/${name.trim()}/infer.`
          : `The rollout of the graph to ${name.trim()} has started.`,
      );
      void client.invalidateQueries({ queryKey: ['serving'] });
      close();
      void navigate({ to: path`/serving/${name.trim()}` });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <div className="stack loose">
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <TextInput
          className="grow"
          label="Deployment"
          placeholder="name it answers under"
          value={name}
          disabled={deployment !== undefined}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label="Features"
          w={220}
          data={[
            { value: '', label: 'none: inputs as sent' },
            ...(services.data?.items ?? []).map((item) => ({ value: item.name, label: item.name })),
          ]}
          value={features}
          onChange={(value) => setFeatures(value ?? '')}
        />
      </div>
      <div className="graph-editor">
        <Textarea
          label="Graph"
          aria-label="Graph as YAML"
          spellCheck={false}
          autosize
          minRows={18}
          maxRows={30}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          styles={{ input: { fontFamily: 'var(--mono)', fontSize: 12, lineHeight: '18px' } }}
        />
        <div className="stack loose" style={{ minWidth: 0 }}>
          {drawing ? (
            <ServingGraph
              label="The graph as it would be"
              drawing={drawing}
              wrong={new Set(errors.flatMap(({ node }) => (node === null ? [] : [node])))}
            />
          ) : (
            <Empty title="Nothing to draw yet">
              The drawing appears when the shape of the graph is right.
            </Empty>
          )}
          {errors.map(({ node, message, next }) => (
            <div key={`${node} ${message}`} className="error" role="alert">
              <b>{message}</b>
              <div>{next}</div>
            </div>
          ))}
          {errors.length === 0 && check ? <Interface check={check} /> : null}
        </div>
      </div>
      {error ? <ErrorPanel error={error} kept="What served before still serves." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          Keep as it is
        </Button>
        <Button
          loading={busy}
          disabled={name.trim() === '' || errors.length > 0 || !check}
          onClick={() => void send()}
        >
          Declare and deploy
        </Button>
      </div>
    </div>
  );
}

function Interface({ check: { inputs, outputs } }: { check: GraphCheck }) {
  const list = (specs: NonNullable<GraphCheck['inputs']>) =>
    specs.map(({ name, datatype, shape }) => `${name} ${datatype}[${shape.join(', ')}]`).join(', ');
  if (!inputs || !outputs)
    return <span className="dim">Types and shapes are checked when the models are loaded.</span>;
  return (
    <div className="dim small">
      <div>Takes {list(inputs)}</div>
      <div>Gives {list(outputs)}</div>
    </div>
  );
}

function textOf(deployment: Deployment | undefined): string {
  const { graph, model } = deployment?.spec ?? {};
  if (graph) return stringify(graph, { lineWidth: 90 });
  return model ? stringify({ nodes: { model: { model } } }) : start;
}

function read(text: string): { graph?: unknown; fault?: string } {
  try {
    return { graph: parse(text) as unknown };
  } catch (error) {
    return { fault: error instanceof Error ? error.message.split('\n')[0] : 'This is not YAML.' };
  }
}

/** The last value that was one. */
function useLast<T>(value: T | null): T | null {
  const [last, setLast] = useState(value);
  useEffect(() => {
    if (value !== null) setLast(value);
  }, [value]);
  return value ?? last;
}

/** What the server says of the graph, asked when the typing rests. */
function useCheck(graph: unknown, features: string): GraphCheck | null {
  const [found, setFound] = useState<{ key: string; reply: GraphCheck } | null>(null);
  const key = graph === undefined ? '' : JSON.stringify([graph, features]);
  useEffect(() => {
    if (key === '') return;
    let isLatest = true;
    const timer = setTimeout(() => {
      const [body, service] = JSON.parse(key) as [unknown, string];
      api
        .post<GraphCheck>('/api/serving/graphs/check', {
          graph: body,
          ...(service ? { features: service } : {}),
        })
        .then((reply) => isLatest && setFound({ key, reply }))
        .catch((error: unknown) => {
          const message = error instanceof Error ? error.message : 'The server does not answer.';
          const reply = {
            errors: [{ node: null, message, next: 'Try again.' }],
            drawing: null,
            inputs: null,
            outputs: null,
          };
          if (isLatest) setFound({ key, reply });
        });
    }, restMs);
    return () => {
      isLatest = false;
      clearTimeout(timer);
    };
  }, [key]);
  return found && found.key === key ? found.reply : null;
}
