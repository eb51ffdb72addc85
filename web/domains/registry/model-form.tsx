import { Button, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { Model } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { RiskMatrix } from './risk-matrix.tsx';

/** Description, owner and risk of a model. */
export function ModelForm({ model, done }: { model: Model; done: () => void }) {
  const [description, setDescription] = useState(model.description);
  const [owner, setOwner] = useState(model.owner);
  const [risk, setRisk] = useState(
    model.risk ? { probability: model.risk.probability, impact: model.risk.impact } : null,
  );
  const save = useAct(
    () =>
      api.put<Model>(path`/api/registry/models/${model.name}`, {
        description,
        owner,
        ...(risk ? { risk } : {}),
        gate: model.gate,
        tags: model.tags,
      }),
    { refresh: ['registry'], quiet: true, done: `${model.name} is changed.`, after: done },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="stack loose" onSubmit={send}>
      <Textarea
        label="Description"
        placeholder="What it decides, for whom, and what it must not be used for"
        value={description}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <TextInput
        label="Owner"
        placeholder="A person or a team"
        value={owner}
        onChange={(event) => setOwner(event.currentTarget.value)}
        w={260}
      />
      <div>
        <div style={{ fontWeight: 500 }}>Risk</div>
        <div className="dim small" style={{ marginBottom: 6 }}>
          How likely is a wrong answer, and what does it do? Policies ask for approvals by the severity.
        </div>
        <RiskMatrix
          risk={risk}
          choose={(cell) => setRisk({ probability: cell.probability, impact: cell.impact })}
        />
      </div>
      {save.error ? <ErrorPanel error={save.error} kept="The model is as it was." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}
