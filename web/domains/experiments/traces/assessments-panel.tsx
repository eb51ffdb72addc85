import { Button } from '@mantine/core';
import { IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { api, path } from '../../../api/client.ts';
import { useAct } from '../../../api/hooks.ts';
import type { Assessment, Trace } from '../../../api/types.ts';
import { Empty } from '../../../ui/feedback.tsx';
import { ago, utc } from '../../../ui/format.ts';
import { Confirm, Drawer } from '../../../ui/overlay.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { useUrlState } from '../../../ui/url-state.ts';
import { AssessmentForm } from './assessment-form.tsx';
import { JsonView, LongText } from './json-view.tsx';

/** What people and programs said of a trace: to be read, added to, corrected and taken back. */
export function AssessmentsPanel({ trace }: { trace: Trace }) {
  const [form, setForm] = useState<Assessment | 'new' | null>(null);
  const [removing, setRemoving] = useState<Assessment | null>(null);
  const [span] = useUrlState('span', trace.columns.id[0] ?? '');
  const target = path`/api/experiments/traces/${trace.id}/assessments`;
  const remove = useAct((said: Assessment) => api.remove(`${target}/${said.id}`), {
    refresh: ['experiments', 'traces'],
    quiet: true,
    done: (_reply, said) => `${said.name} is taken back.`,
  });
  const add = (
    <Button variant="subtle" leftSection={<IconPlus size={13} />} onClick={() => setForm('new')}>
      Add
    </Button>
  );
  return (
    <Panel
      title="Assessments"
      note={trace.assessments.length > 0 ? String(trace.assessments.length) : undefined}
      actions={add}
      flush
    >
      {trace.assessments.length === 0 ? (
        <Empty
          title="Nothing was said of this trace yet"
          command={`mlflow.log_feedback(trace_id="${trace.id}", name="correct", value=True)`}
        >
          Feedback judges what the program did; an expectation says what it should have done.
        </Empty>
      ) : (
        <div style={{ overflowX: 'auto' }}>
          <table className="plain-table assessments">
            <thead>
              <tr>
                <th>Name</th>
                <th>Kind</th>
                <th>Value</th>
                <th>Why</th>
                <th>About</th>
                <th>By</th>
                <th className="right">Changed</th>
                <th aria-label="Actions" />
              </tr>
            </thead>
            <tbody>
              {trace.assessments.map((said) => (
                <Row
                  key={said.id}
                  said={said}
                  trace={trace}
                  edit={() => setForm(said)}
                  remove={() => setRemoving(said)}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Drawer
        open={form !== null}
        close={() => setForm(null)}
        title={form === null || form === 'new' ? 'Say something of this trace' : `Correct ${form.name}`}
      >
        {form === null ? null : (
          <AssessmentForm
            target={target}
            before={form === 'new' ? null : form}
            span={{ id: span, name: spanName(trace, span) }}
            close={() => setForm(null)}
          />
        )}
      </Drawer>
      <Confirm
        open={removing !== null}
        close={() => setRemoving(null)}
        title={`Take back ${removing?.name ?? ''}`}
        verb="Take it back"
        danger
        run={() => (removing ? remove.mutateAsync(removing) : Promise.resolve())}
      >
        The {removing?.kind} is deleted. What it replaced, if anything, counts again.
      </Confirm>
    </Panel>
  );
}

function spanName({ columns }: Trace, id: string): string | null {
  const at = columns.id.indexOf(id);
  return at < 0 ? null : (columns.names[columns.name[at] ?? -1] ?? null);
}

type RowProps = { said: Assessment; trace: Trace; edit: () => void; remove: () => void };

function Row({ said, trace, edit, remove }: RowProps) {
  const [, setSpan] = useUrlState('span');
  const { spanId } = said;
  return (
    <tr className={said.isValid ? undefined : 'assessment-old'}>
      <td>
        <b>{said.name}</b>
        {said.isValid ? null : <span className="dim small"> replaced</span>}
      </td>
      <td>{said.kind}</td>
      <td className="assessment-value">
        {said.error ? (
          <span className="assessment-error">
            {said.error.code} <LongText text={said.error.message || 'no reason given'} />
          </span>
        ) : (
          <JsonView value={typeof said.value === 'boolean' ? (said.value ? 'yes' : 'no') : said.value} />
        )}
      </td>
      <td className="assessment-why">{said.rationale ? <LongText text={said.rationale} /> : '–'}</td>
      <td>
        {spanId === null ? (
          'the trace'
        ) : (
          <button type="button" className="assessment-span" onClick={() => setSpan(spanId)}>
            {spanName(trace, spanId) ?? 'a span that is not here'}
          </button>
        )}
      </td>
      <td>
        {said.source.id || '–'} <span className="dim small">{sourceWord(said.source.type)}</span>
      </td>
      <td className="right" title={`${utc(said.updatedAt, 'second')} UTC`}>
        {ago(said.updatedAt)}
      </td>
      <td className="right">
        {said.kind === 'issue' ? null : (
          <button type="button" className="icon-btn" aria-label={`Correct ${said.name}`} onClick={edit}>
            <IconPencil size={14} />
          </button>
        )}
        <button type="button" className="icon-btn" aria-label={`Take back ${said.name}`} onClick={remove}>
          <IconTrash size={14} />
        </button>
      </td>
    </tr>
  );
}

function sourceWord(type: string): string {
  const words: Record<string, string> = { HUMAN: 'person', LLM_JUDGE: 'judge', CODE: 'code' };
  return words[type] ?? type.toLowerCase();
}
