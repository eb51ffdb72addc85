import { Button, Textarea, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { ExperimentRunDetail, RunChange } from '../../api/types.ts';
import { ErrorPanel } from '../../ui/feedback.tsx';
import { Drawer } from '../../ui/overlay.tsx';

export const DESCRIPTION = 'mlflow.note.content';
const own = /^mlflow\./;

/** Name, description and tags of a run, to be changed by a person. */
export function RunEdit({
  run,
  open,
  close,
}: {
  run: ExperimentRunDetail;
  open: boolean;
  close: () => void;
}) {
  return (
    <Drawer open={open} close={close} title={`Edit ${run.name || run.id}`}>
      {open ? <Form run={run} close={close} /> : null}
    </Drawer>
  );
}

function Form({ run, close }: { run: ExperimentRunDetail; close: () => void }) {
  const [name, setName] = useState(run.name);
  const [description, setDescription] = useState(run.tags[DESCRIPTION] ?? '');
  const [tags, setTags] = useState(() => Object.entries(run.tags).filter(([key]) => !own.test(key)));
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const save = useAct((change: RunChange) => api.patch(path`/api/experiments/runs/${run.id}`, change), {
    done: 'Saved.',
    refresh: ['experiments'],
    quiet: true,
    after: close,
  });
  const add = () => {
    if (key.trim() === '') return tags;
    const next: [string, string][] = [...tags.filter(([one]) => one !== key.trim()), [key.trim(), value]];
    setTags(next);
    setKey('');
    setValue('');
    return next;
  };
  return (
    <form
      className="stack loose"
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(changeOf(run, name, description, add()));
      }}
    >
      <TextInput
        label="Name"
        value={name}
        maxLength={250}
        required
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label="Description"
        value={description}
        maxLength={8000}
        minRows={4}
        maxRows={16}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      <div className="stack">
        <span style={{ fontWeight: 500 }}>Tags</span>
        {tags.map(([tag, text]) => (
          <div key={tag} className="row">
            <span className="truncate" style={{ width: 180 }} title={tag}>
              {tag}
            </span>
            <TextInput
              aria-label={`Value of ${tag}`}
              value={text}
              className="grow"
              onChange={(event) => {
                const next = event.currentTarget.value;
                setTags(tags.map(([one, old]) => [one, one === tag ? next : old]));
              }}
            />
            <button
              type="button"
              className="icon-btn"
              aria-label={`Remove ${tag}`}
              onClick={() => setTags(tags.filter(([one]) => one !== tag))}
            >
              <IconX size={14} />
            </button>
          </div>
        ))}
        <div className="row">
          <TextInput
            placeholder="New tag"
            aria-label="New tag"
            w={180}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <TextInput
            placeholder="Value"
            aria-label="Value of the new tag"
            className="grow"
            value={value}
            onChange={(event) => setValue(event.currentTarget.value)}
          />
          <Button variant="default" disabled={key.trim() === ''} onClick={add}>
            Add
          </Button>
        </div>
      </div>
      {save.isError ? <ErrorPanel error={save.error} kept="Nothing was changed." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          Keep as it is
        </Button>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </div>
    </form>
  );
}

/** Only what differs from the run as it was when the form opened. */
function changeOf(
  run: ExperimentRunDetail,
  name: string,
  description: string,
  tags: [string, string][],
): RunChange {
  const before = Object.entries(run.tags).filter(([key]) => !own.test(key));
  const changed: [string, string | null][] = [
    ...tags.filter(([key, value]) => run.tags[key] !== value),
    ...before
      .filter(([key]) => !tags.some(([one]) => one === key))
      .map(([key]): [string, null] => [key, null]),
  ];
  return {
    ...(name !== run.name && { name }),
    ...(description !== (run.tags[DESCRIPTION] ?? '') && { description }),
    ...(changed.length > 0 && { tags: Object.fromEntries(changed) }),
  };
}
