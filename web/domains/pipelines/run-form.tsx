import { Button, FocusTrap, Modal, NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { Json, JsonObject, Pipeline, PipelineParam, PipelineRunDetail } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';

/** Starts a run; a pipeline with params first shows them as a form. `from` fills it with an earlier run's. */
export function RunButton({
  pipeline,
  primary,
  compact,
  open: first,
  from,
  label = 'Run',
  closed,
}: {
  pipeline: Pipeline;
  primary?: boolean;
  compact?: boolean;
  open?: boolean;
  from?: JsonObject;
  label?: string;
  closed?: () => void;
}) {
  const [open, setOpen] = useState(first ?? false);
  const close = () => {
    setOpen(false);
    closed?.();
  };
  return (
    <>
      <Button
        size={compact ? 'compact-sm' : 'xs'}
        variant={primary ? 'filled' : 'default'}
        leftSection={<IconPlayerPlay size={13} />}
        onClick={() => setOpen(true)}
      >
        {label}
      </Button>
      <Modal opened={open} onClose={close} title={`Run ${pipeline.name}`} size="md">
        {open ? <RunForm pipeline={pipeline} {...(from ? { from } : {})} close={close} /> : null}
      </Modal>
    </>
  );
}

function RunForm({ pipeline, from, close }: { pipeline: Pipeline; from?: JsonObject; close: () => void }) {
  const navigate = useNavigate();
  const params = Object.entries(pipeline.definition.params ?? {});
  const [values, setValues] = useState<Record<string, Json>>(() =>
    Object.fromEntries(params.map(([name, param]) => [name, from?.[name] ?? param.default ?? blank(param)])),
  );
  const start = useAct(
    (given: JsonObject) =>
      api.post<PipelineRunDetail>(`${path`/api/pipelines/${pipeline.name}`}/runs`, { params: given }),
    {
      refresh: ['pipelines'],
      quiet: true,
      done: `${pipeline.name} is running.`,
      after: (run) => {
        close();
        void navigate({ to: `/pipelines/runs/${run.id}` });
      },
    },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    start.mutate(Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null)));
  };
  return (
    <form className="stack loose" onSubmit={send}>
      <FocusTrap.InitialFocus />
      {params.length === 0 ? (
        <p className="dim">
          This pipeline takes no params. Steps whose inputs have not changed come from the cache.
        </p>
      ) : null}
      {params.map(([name, param]) => (
        <ParamField
          key={name}
          name={name}
          param={param}
          value={values[name] ?? null}
          set={(value) => setValues((before) => ({ ...before, [name]: value }))}
        />
      ))}
      {start.error ? <ErrorPanel error={start.error} kept="No run was started." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          Not now
        </Button>
        <Button type="submit" loading={start.isPending}>
          Run {pipeline.name}
        </Button>
      </div>
    </form>
  );
}

function blank(param: PipelineParam): Json {
  return param.type === 'boolean' ? false : param.type === 'string' ? '' : null;
}

function ParamField({
  name,
  param,
  value,
  set,
}: {
  name: string;
  param: PipelineParam;
  value: Json;
  set: (value: Json) => void;
}) {
  const label = name.replaceAll('_', ' ');
  const description = param.description;
  const shared = { label, ...(description ? { description } : {}) };
  if (param.choices) {
    const data = param.choices.map((choice) => ({ value: JSON.stringify(choice), label: String(choice) }));
    return (
      <Select
        {...shared}
        data={data}
        value={JSON.stringify(value)}
        onChange={(chosen) => set(chosen === null ? null : (JSON.parse(chosen) as Json))}
      />
    );
  }
  switch (param.type) {
    case 'boolean':
      return (
        <Switch {...shared} checked={value === true} onChange={(event) => set(event.currentTarget.checked)} />
      );
    case 'number':
    case 'integer':
      return (
        <NumberInput
          {...shared}
          value={typeof value === 'number' ? value : ''}
          allowDecimal={param.type === 'number'}
          onChange={(next) => set(next === '' ? null : Number(next))}
        />
      );
    case 'json':
      return <JsonField {...shared} value={value} set={set} />;
    default:
      return (
        <TextInput
          {...shared}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => set(event.currentTarget.value)}
        />
      );
  }
}

function JsonField({
  label,
  description,
  value,
  set,
}: {
  label: string;
  description?: string;
  value: Json;
  set: (value: Json) => void;
}) {
  const [text, setText] = useState(value === null ? '' : JSON.stringify(value, null, 2));
  const [fault, setFault] = useState('');
  return (
    <Textarea
      label={label}
      {...(description ? { description } : {})}
      value={text}
      error={fault || undefined}
      onChange={(event) => {
        const next = event.currentTarget.value;
        setText(next);
        try {
          set(next.trim() === '' ? null : (JSON.parse(next) as Json));
          setFault('');
        } catch {
          setFault('This is not JSON yet.');
        }
      }}
    />
  );
}
