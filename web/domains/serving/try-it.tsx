import { Button, Switch, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { type ApiError, api, path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { Deployment, FeatureService, Prediction, ServedModel } from '../../api/types.ts';
import { CodeBlock, JsonBlock } from '../../ui/code-block.tsx';
import { ErrorPanel, Loaded } from '../../ui/feedback.tsx';
import { brief, duration } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Panel } from '../../ui/panel.tsx';
import { shapeText } from '../registry/signature-view.tsx';
import { bodyOf, curlOf, fieldsOf, firstValues, type InferBody, type TryField } from './try-request.ts';
import './serving.css';

type InferReply = {
  model_name: string;
  model_version?: string;
  id?: string;
  outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
  parameters?: Record<string, unknown>;
};

/** A form of the deployment's own inputs; sends one row and shows the answer and the command. */
export function TryIt({ deployment }: { deployment: Deployment }) {
  const model = useApi<ServedModel>(path`/v2/models/${deployment.name}`, { keep: false });
  const service = useApi<FeatureService>(path`/api/features/services/${deployment.spec.features ?? ''}`, {
    enabled: deployment.spec.features !== undefined,
  });
  const newest = useList<Prediction>(path`/api/serving/deployments/${deployment.name}/predictions`, {
    query: { limit: 1 },
  });
  return (
    <Loaded query={model} height={320}>
      {(found) =>
        (deployment.spec.features && service.isPending) || newest.isPending ? null : (
          <TryForm
            key={found.inputs.map((input) => input.name).join()}
            deployment={deployment}
            model={found}
            service={service.data}
            newest={newest.data?.items.find((row) => row.error === null)}
          />
        )
      }
    </Loaded>
  );
}

function TryForm({
  deployment,
  model,
  service,
  newest,
}: {
  deployment: Deployment;
  model: ServedModel;
  service: FeatureService | undefined;
  newest: Prediction | undefined;
}) {
  const fields = fieldsOf(model, service);
  // Without a feature service the caller sends the matrix itself; its columns may have names.
  const columns = deployment.spec.features ? [] : (deployment.champion?.features ?? []);
  const [values, setValues] = useState(() => firstValues(fields, newest));
  const [problem, setProblem] = useState<string | null>(null);
  const ask = useMutation<{ reply: InferReply; ms: number }, ApiError, InferBody>({
    mutationFn: async (body) => {
      const started = performance.now();
      const reply = await api.post<InferReply>(path`/v2/models/${deployment.name}/infer`, body);
      return { reply, ms: performance.now() - started };
    },
  });
  const made = (() => {
    try {
      return bodyOf(fields, values, model);
    } catch {
      return null;
    }
  })();
  const send = (event: FormEvent) => {
    event.preventDefault();
    try {
      const body = bodyOf(fields, values, model);
      setProblem(null);
      ask.mutate(body);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <Panel
        title="Ask"
        note={newest ? 'filled with the newest recorded request' : 'filled with values that fit'}
        span={6}
      >
        <form className="stack loose" onSubmit={send}>
          <div className="try-grid">
            {fields.map((field) => (
              <TryInput
                key={field.name}
                field={field}
                value={values[field.name] ?? ''}
                shape={shapeText(model.inputs.find((input) => input.name === field.name)?.shape ?? null)}
                names={field.width === columns.length ? columns : []}
                change={(value) => setValues({ ...values, [field.name]: value })}
              />
            ))}
          </div>
          {problem ? <span style={{ color: 'var(--bad)' }}>{problem}</span> : null}
          <div className="row">
            <Button type="submit" loading={ask.isPending}>
              Predict
            </Button>
            <span className="dim small">
              It is a real request: recorded, metered and watched as any other.
            </span>
          </div>
        </form>
      </Panel>
      <Panel title="Answer" span={6}>
        {ask.error ? <ErrorPanel error={ask.error} /> : null}
        {ask.data ? (
          <Answer {...ask.data} />
        ) : ask.error ? null : (
          <span className="dim">Press Predict; the answer stands here with its id and its version.</span>
        )}
      </Panel>
      <Panel title="The same on a command line" note="Open Inference Protocol v2">
        {made ? (
          <CodeBlock code={curlOf(deployment.name, made)} />
        ) : (
          <span className="dim">Fill in the fields first.</span>
        )}
      </Panel>
    </>
  );
}

function TryInput({
  field,
  value,
  shape,
  names,
  change,
}: {
  field: TryField;
  value: string;
  shape: string;
  /** Names of the values of one row, when each gets its own field. */
  names: string[];
  change: (value: string) => void;
}) {
  if (field.kind === 'boolean') {
    return (
      <Switch
        label={field.name}
        checked={value === 'true'}
        onChange={(event) => change(String(event.currentTarget.checked))}
      />
    );
  }
  if (names.length > 1) {
    const parts = value.split(',').map((part) => part.trim());
    return (
      <>
        {names.map((name, at) => (
          <TextInput
            key={name}
            label={name}
            value={parts[at] ?? ''}
            onChange={(event) => {
              const next = names.map((_, place) => parts[place] ?? '0');
              next[at] = event.currentTarget.value.replaceAll(',', '.');
              change(next.join(', '));
            }}
          />
        ))}
      </>
    );
  }
  const hint = field.width === 1 ? field.datatype : `${field.datatype}, ${shape}, separated by commas`;
  return (
    <TextInput
      label={field.name}
      description={field.kind === 'time' ? 'time, ISO 8601' : hint}
      value={value}
      onChange={(event) => change(event.currentTarget.value)}
      style={field.width === 1 ? undefined : { gridColumn: '1 / -1' }}
    />
  );
}

function Answer({ reply, ms }: { reply: InferReply; ms: number }) {
  return (
    <div className="stack loose">
      <KeyValue
        items={[
          ...reply.outputs.map<[string, string]>((output) => [
            output.name,
            output.data
              .slice(0, 12)
              .map((value) => brief(value))
              .join(', '),
          ]),
          ['Version', reply.model_version ?? null],
          [
            'Prediction',
            reply.id ? (
              <Link key="p" to={path`/serving/predictions/${reply.id}`}>
                {reply.id}
              </Link>
            ) : null,
          ],
          ['Round trip', `${duration(ms)} from this browser`],
        ]}
      />
      <JsonBlock value={reply} maxHeight={260} />
    </div>
  );
}
