import { Button, SegmentedControl, Select, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { api } from '../../../api/client.ts';
import { useAct } from '../../../api/hooks.ts';
import type { Assessment, Json } from '../../../api/types.ts';
import { ErrorPanel } from '../../../ui/feedback.tsx';

type Form = 'boolean' | 'number' | 'text' | 'json';
const forms = [
  { value: 'boolean', label: 'Yes or no' },
  { value: 'number', label: 'Number' },
  { value: 'text', label: 'Text' },
  { value: 'json', label: 'JSON' },
];

type AssessmentFormProps = {
  target: string;
  before: Assessment | null;
  span: { id: string; name: string | null };
  close: () => void;
};

/** A new assessment, or the correction of one. */
export function AssessmentForm({ target, before, span, close }: AssessmentFormProps) {
  const [kind, setKind] = useState<'feedback' | 'expectation'>('feedback');
  const [about, setAbout] = useState('');
  const [name, setName] = useState(before?.name ?? '');
  const [form, setForm] = useState<Form>(formOf(before?.value ?? true));
  const [text, setText] = useState(textOf(before?.value ?? true));
  const [rationale, setRationale] = useState(before?.rationale ?? '');
  const value = readAs(form, text);
  const save = useAct(
    () =>
      before
        ? api.patch(`${target}/${before.id}`, {
            name: name.trim(),
            value,
            ...(rationale !== (before.rationale ?? '') && { rationale }),
          })
        : api.post(target, {
            kind,
            name: name.trim(),
            value,
            ...(rationale && { rationale }),
            ...(about && { spanId: about }),
          }),
    { refresh: ['experiments', 'traces'], quiet: true, done: `${name.trim()} is kept.`, after: close },
  );
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (value !== undefined) save.mutate();
  };
  return (
    <form className="stack loose" onSubmit={send}>
      {before ? null : (
        <>
          <Select
            label="Kind"
            data={[
              { value: 'feedback', label: 'Feedback: what the program did' },
              { value: 'expectation', label: 'Expectation: what it should have done' },
            ]}
            value={kind}
            allowDeselect={false}
            onChange={(next) => setKind(next === 'expectation' ? 'expectation' : 'feedback')}
          />
          <Select
            label="About"
            data={[
              { value: '', label: 'The whole trace' },
              ...(span.name === null ? [] : [{ value: span.id, label: `The chosen span, ${span.name}` }]),
            ]}
            value={about}
            allowDeselect={false}
            onChange={(next) => setAbout(next ?? '')}
          />
        </>
      )}
      <TextInput
        label="Name"
        placeholder={kind === 'feedback' ? 'correct' : 'expected_answer'}
        required
        maxLength={250}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        data-autofocus
      />
      <div className="stack" style={{ gap: 4 }}>
        <span style={{ fontWeight: 500 }}>Value</span>
        <SegmentedControl
          aria-label="Form of the value"
          data={forms}
          value={form}
          onChange={(next) => {
            setForm(next as Form);
            setText(next === 'boolean' ? 'true' : '');
          }}
        />
        {form === 'boolean' ? (
          <SegmentedControl
            aria-label="Value"
            data={[
              { value: 'true', label: 'Yes' },
              { value: 'false', label: 'No' },
            ]}
            value={text}
            onChange={setText}
          />
        ) : (
          <Textarea
            aria-label="Value"
            autosize
            minRows={form === 'number' ? 1 : 3}
            maxRows={16}
            value={text}
            error={text !== '' && value === undefined ? notThat[form] : undefined}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
      </div>
      <Textarea
        label="Why (optional)"
        autosize
        minRows={2}
        maxRows={12}
        value={rationale}
        onChange={(event) => setRationale(event.currentTarget.value)}
      />
      {save.isError ? <ErrorPanel error={save.error} kept="Nothing was changed." /> : null}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={close}>
          Keep as it is
        </Button>
        <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || value === undefined}>
          Save
        </Button>
      </div>
    </form>
  );
}

const notThat: Record<Form, string> = {
  boolean: '',
  number: 'This is not a number.',
  text: '',
  json: 'This is not JSON.',
};

function formOf(value: Json): Form {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return 'number';
  return typeof value === 'string' ? 'text' : 'json';
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** What the text says in its form; undefined when it says nothing there. */
function readAs(form: Form, text: string): Json | undefined {
  if (form === 'text') return text === '' ? undefined : text;
  if (form === 'boolean') return text === 'true';
  if (form === 'number') {
    const number = Number(text);
    return text.trim() !== '' && Number.isFinite(number) ? number : undefined;
  }
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
