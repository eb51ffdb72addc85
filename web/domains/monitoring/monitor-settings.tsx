import { Button, NumberInput, Select, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { JsonObject, Monitor } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Panel } from '../../ui/panel.tsx';
import { settingWords } from './monitor-words.ts';

/** How the monitor judges, what of it is set by a person, and a form for what people change most. */
export function MonitorSettingsView({ monitor, target }: { monitor: Monitor; target: string }) {
  return (
    <>
      <Panel title="How it judges" span={6}>
        <KeyValue
          items={settingWords(monitor.settings).map(([key, label, value]) => [
            label,
            <span key={key}>
              {value} {key in monitor.spec ? null : <span className="faint">default</span>}
            </span>,
          ])}
        />
      </Panel>
      <Panel title="Change" span={6}>
        <SettingsForm monitor={monitor} target={target} />
      </Panel>
      <Panel title="In houston.yaml" note="change it there and run houston apply">
        <CodeBlock
          code={[
            'monitors:',
            `  ${monitor.deployment}: ${Object.keys(monitor.spec).length === 0 ? '{}' : ''}`,
            ...Object.entries(monitor.spec).map(([key, value]) => `    ${key}: ${JSON.stringify(value)}`),
          ].join('\n')}
        />
      </Panel>
    </>
  );
}

function SettingsForm({ monitor, target }: { monitor: Monitor; target: string }) {
  const text = (key: 'window' | 'labelHorizon' | 'metric') => monitor.spec[key] ?? '';
  const number = (key: 'minimumRows' | 'alpha') => monitor.spec[key] ?? '';
  const [window, setWindow] = useState(text('window'));
  const [horizon, setHorizon] = useState(text('labelHorizon'));
  const [metric, setMetric] = useState(text('metric'));
  const [rows, setRows] = useState<number | string>(number('minimumRows'));
  const [alpha, setAlpha] = useState<number | string>(number('alpha'));
  const save = useAct(
    () => {
      const { window: _w, labelHorizon: _l, metric: _m, minimumRows: _r, alpha: _a, ...rest } = monitor.spec;
      const spec: JsonObject = {
        ...rest,
        ...(window ? { window } : {}),
        ...(horizon ? { labelHorizon: horizon } : {}),
        ...(metric ? { metric } : {}),
        ...(rows === '' ? {} : { minimumRows: Number(rows) }),
        ...(alpha === '' ? {} : { alpha: Number(alpha) }),
      };
      return api.put<Monitor>(target, spec);
    },
    { refresh: ['monitoring'], quiet: true, done: 'The monitor is changed.' },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="stack loose" onSubmit={send}>
      <div className="row wrap" style={{ alignItems: 'flex-end' }}>
        <TextInput
          label="Window"
          placeholder="1d"
          pattern="[1-9][0-9]{0,4}(m|h|d|w)"
          w={110}
          value={window}
          onChange={(event) => setWindow(event.currentTarget.value)}
        />
        <TextInput
          label="Outcomes known after"
          placeholder="1d"
          pattern="[1-9][0-9]{0,4}(m|h|d|w)"
          w={150}
          value={horizon}
          onChange={(event) => setHorizon(event.currentTarget.value)}
        />
        <Select
          label="Judged by"
          w={150}
          data={[
            { value: '', label: 'default' },
            { value: 'log-loss', label: 'log loss' },
            { value: 'brier', label: 'Brier score' },
            { value: 'auc', label: 'AUC' },
          ]}
          value={metric}
          onChange={(value) => setMetric(value ?? '')}
        />
        <NumberInput label="Enough rows" placeholder="200" w={110} min={30} value={rows} onChange={setRows} />
        <NumberInput
          label="Level"
          placeholder="0.01"
          w={100}
          min={0.0001}
          max={0.2}
          step={0.005}
          decimalScale={4}
          value={alpha}
          onChange={setAlpha}
        />
      </div>
      <span className="dim small">An empty field keeps the safe default.</span>
      {save.error ? <ErrorPanel error={save.error} kept="The monitor is as it was." /> : null}
      <div>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
