import { Button, Menu, Select, TextInput } from '@mantine/core';
import { IconChevronDown, IconDownload, IconPlayerPlay, IconX } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { ApiError, api, path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Deployment, QueryColumns, QueryResult } from '../../api/types.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { download } from '../../ui/export.ts';
import { Empty, ErrorPanel, Skeleton } from '../../ui/feedback.tsx';
import { count } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';
import { QueryResultView } from './query-result.tsx';
import type { Place } from './sql-editor.tsx';
import './serving.css';

const SqlEditor = lazy(() => import('./sql-editor.tsx').then((module) => ({ default: module.SqlEditor })));

const limits = ['100', '1000', '10000', '100000'];

/** SQL over the recorded predictions of a deployment. The statement is in the URL, so that it can be handed on. */
export function QueryPanel({ deployment }: { deployment: Deployment }) {
  const target = path`/api/serving/deployments/${deployment.name}/query`;
  const known = useApi<QueryColumns>(`${target}/columns`, { keep: false });
  const [search, patch] = useUrlPatch();
  const first = known.data?.examples[0]?.sql ?? '';
  const [text, setText] = useState(search.sql ?? '');
  const [limit, setLimit] = useState('1000');
  const running = useRef<AbortController | null>(null);
  const ask = useMutation<QueryResult, Error, string>({
    mutationFn: async (sql) => {
      running.current?.abort();
      running.current = new AbortController();
      return api.post<QueryResult>(
        target,
        { sql, limit: Number(limit), timeLimitMs: 60_000 },
        undefined,
        running.current.signal,
      );
    },
  });
  const { mutate } = ask;
  const run = (sql = text) => {
    if (sql.trim() === '') return;
    patch({ sql });
    mutate(sql);
  };
  // A link with a statement shows its answer.
  const linked = useRef(search.sql);
  useEffect(() => {
    if (linked.current) mutate(linked.current);
    return () => running.current?.abort();
  }, [mutate]);
  useEffect(() => {
    if (first) setText((before) => before || first);
  }, [first]);
  const cancelled = ask.error instanceof DOMException && ask.error.name === 'AbortError';
  const wrong = useMemo(() => placeOf(ask.error), [ask.error]);
  const insert = (name: string) =>
    setText((before) => `${before}${/[\s(,]$|^$/.test(before) ? '' : ' '}${name}`);
  if (known.isError) return <ErrorPanel error={known.error} retry={() => void known.refetch()} />;
  return (
    <>
      <Panel
        title="Ask the record"
        note="one SELECT over the view predictions: every input, feature, score and outcome is a column"
        span={9}
      >
        <div className="stack">
          <Suspense fallback={<Skeleton height={150} />}>
            <SqlEditor
              text={text}
              setText={setText}
              run={() => run()}
              columns={known.data?.columns ?? []}
              wrong={wrong}
            />
          </Suspense>
          <div className="row">
            {ask.isPending ? (
              <Button
                color="red"
                variant="default"
                leftSection={<IconX size={14} />}
                onClick={() => running.current?.abort()}
              >
                Cancel
              </Button>
            ) : (
              <Button leftSection={<IconPlayerPlay size={14} />} onClick={() => run()}>
                Run
              </Button>
            )}
            <span className="kbd">Ctrl-Enter</span>
            <Select
              aria-label="Rows at most"
              w={130}
              data={limits.map((value) => ({ value, label: `${count(Number(value))} rows` }))}
              value={limit}
              onChange={(value) => setLimit(value ?? '1000')}
              allowDeselect={false}
            />
            <span className="grow" />
            <Menu position="bottom-end" width={320}>
              <Menu.Target>
                <Button variant="default" rightSection={<IconChevronDown size={14} />}>
                  Examples
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {known.data?.examples.map(({ title, sql }) => (
                  <Menu.Item
                    key={title}
                    onClick={() => {
                      setText(sql);
                      run(sql);
                    }}
                  >
                    {title}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
            {ask.data ? <Exports target={target} name={deployment.name} sql={search.sql ?? text} /> : null}
          </div>
          {ask.error && !cancelled ? <ErrorPanel error={ask.error} /> : null}
        </div>
      </Panel>
      <Panel title="Columns" note="click to insert" span={3} flush>
        {known.data ? <ColumnList columns={known.data.columns} insert={insert} /> : <Skeleton height={220} />}
      </Panel>
      {ask.data ? (
        <QueryResultView name={deployment.name} found={ask.data} />
      ) : (
        <Panel>
          <Empty
            title={ask.isPending ? 'It runs' : cancelled ? 'Cancelled' : 'Nothing has been asked yet'}
            {...(text
              ? { command: `npx houston predictions query ${deployment.name} ${shellQuoted(text)}` }
              : {})}
          >
            The statement runs in a process of its own that can read this record and nothing else.
          </Empty>
        </Panel>
      )}
    </>
  );
}

/** A statement as one word of a shell. */
function shellQuoted(sql: string): string {
  return `'${sql.trim().replaceAll(/\s+/g, ' ').replaceAll("'", "'\\''")}'`;
}

/** Where the server found a statement to be wrong. */
function placeOf(error: Error | null): Place | null {
  if (!(error instanceof ApiError)) return null;
  const { line, column } = (error.details ?? {}) as Partial<Place>;
  return line === undefined || column === undefined ? null : { line, column };
}

function ColumnList({
  columns,
  insert,
}: {
  columns: QueryColumns['columns'];
  insert: (name: string) => void;
}) {
  const [filter, setFilter] = useState('');
  const quoted = (name: string) => (/^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
  const shown = columns.filter(({ name }) => name.toLowerCase().includes(filter.toLowerCase()));
  return (
    <div className="query-columns">
      <TextInput
        aria-label="Filter columns"
        placeholder="Filter"
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
      />
      <ul>
        {shown.map(({ name, type, kind, note }) => (
          <li key={name}>
            <button type="button" title={`${kind}: ${note}`} onClick={() => insert(quoted(name))}>
              <code className="truncate">{name}</code>
              <span className="faint small">{kind === 'prediction' ? type.toLowerCase() : kind}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The whole result as a file, made by the server: up to 100,000 rows. */
function Exports({ target, name, sql }: { target: string; name: string; sql: string }) {
  const save = useMutation<void, Error, 'csv' | 'json' | 'parquet'>({
    mutationFn: async (format) => {
      const response = await api.postRaw(target, { sql, format, limit: 100_000, timeLimitMs: 60_000 });
      const type = response.headers.get('content-type') ?? 'application/octet-stream';
      download(`${name}-query.${format}`, type, await response.arrayBuffer());
    },
  });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={14} />} loading={save.isPending}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(['csv', 'json', 'parquet'] as const).map((format) => (
          <Menu.Item key={format} onClick={() => save.mutate(format)}>
            {format === 'parquet' ? 'Parquet' : format.toUpperCase()}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <div style={{ padding: '4px 12px' }}>
          <CopyId id={window.location.href} />
        </div>
      </Menu.Dropdown>
    </Menu>
  );
}
