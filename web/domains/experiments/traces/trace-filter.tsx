import { Menu, TextInput } from '@mantine/core';
import { IconChevronDown, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { ApiError } from '../../../api/client.ts';
import { joined } from './trace-words.ts';

const examples: [string, string][] = [
  ['Failed', "status = 'ERROR'"],
  ['Slower than a second', 'execution_time_ms > 1000'],
  ['With a text anywhere', "trace.text LIKE '%refund%'"],
  ['With a span called', "span.name = 'retrieve'"],
  ['With a failed span', "span.status = 'ERROR'"],
  ['With a span of a type', "span.type = 'LLM'"],
  ['By a tag', "tags.team = 'ops'"],
  ['By what was said of it', "feedback.correct = 'true'"],
  ['Of a session', "metadata.`mlflow.trace.session` = 's1'"],
];

type TraceFilterProps = {
  value: string;
  apply: (filter: string) => void;
  /** The server's answer when the filter cannot be read. */
  error: ApiError | null;
};

/** MLflow's language of traces; Enter applies it, and what cannot be read is said below. */
export function TraceFilter({ value, apply, error }: TraceFilterProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const bad = error?.code === 'experiments.search.invalid' && text.trim() === value ? error : null;
  return (
    <form
      className="traces-filter"
      onSubmit={(event) => {
        event.preventDefault();
        apply(text.trim());
      }}
    >
      <TextInput
        aria-label="Filter traces"
        data-filter="true"
        placeholder="status = 'ERROR' AND span.name = 'retrieve'"
        leftSection={<IconSearch size={14} />}
        rightSection={<Examples add={(clause) => setText(joined(text, clause))} />}
        value={text}
        error={bad !== null}
        onChange={(event) => setText(event.currentTarget.value)}
        onBlur={() => (text.trim() === '' && value !== '' ? apply('') : undefined)}
        spellCheck={false}
        maxLength={10_000}
        styles={{ input: { fontFamily: 'var(--mono)', fontSize: 12 } }}
      />
      {bad ? (
        <div className="traces-filter-error" role="alert">
          {bad.message} <Marked filter={text} details={bad.details} />
        </div>
      ) : null}
    </form>
  );
}

/** The filter with the part that cannot be read underlined, where the server names it. */
function Marked({ filter, details }: { filter: string; details: unknown }) {
  const { from, to } = (details ?? {}) as { from?: unknown; to?: unknown };
  if (typeof from !== 'number' || typeof to !== 'number' || from >= filter.length) return null;
  return (
    <code>
      {filter.slice(Math.max(0, from - 30), from)}
      <span className="traces-mark">{filter.slice(from, Math.max(to, from + 1))}</span>
      {filter.slice(Math.max(to, from + 1), to + 30)}
    </code>
  );
}

function Examples({ add }: { add: (clause: string) => void }) {
  return (
    <Menu position="bottom-end" width={380}>
      <Menu.Target>
        <button type="button" className="icon-btn" aria-label="Clauses to start from" title="Clauses">
          <IconChevronDown size={14} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {examples.map(([label, clause]) => (
          <Menu.Item key={clause} onClick={() => add(clause)}>
            {label}
            <div>
              <code className="dim">{clause}</code>
            </div>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
