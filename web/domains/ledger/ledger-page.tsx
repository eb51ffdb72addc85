import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { type ApiError, api } from '../../api/client.ts';
import type { LedgerEvent, List } from '../../api/types.ts';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { eventState } from '../../ui/event.ts';
import { Empty, ErrorPanel, Skeleton } from '../../ui/feedback.tsx';
import { brief, group, utc } from '../../ui/format.ts';
import { Drawer } from '../../ui/overlay.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { ToneMark, toneOf } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';
import { WhyButton } from '../../ui/why-button.tsx';
import { EventDetails } from '../../ui/why-chain.tsx';
import { useVerify, VerifyButton, VerifyResult } from './verify.tsx';

const PAGE = 200;
const families = [
  'data',
  'features',
  'experiments',
  'pipelines',
  'registry',
  'serving',
  'monitoring',
  'governance',
  'auth',
];

const columns: Column<LedgerEvent>[] = [
  { key: 'seq', title: '#', value: (event) => event.seq, width: '72px', align: 'right' },
  {
    key: 'time',
    title: 'Time (UTC)',
    value: (event) => timeValue(event.time),
    render: (event) => utc(event.time, 'second'),
    width: '176px',
  },
  {
    key: 'type',
    title: 'Event',
    value: (event) => event.type,
    render: (event) => {
      const tone = toneOf(eventState(event.type));
      return (
        <span className="row" style={{ gap: 6 }}>
          <span style={{ color: `var(--${tone === 'none' ? 'line-strong' : tone})`, lineHeight: 0 }}>
            <ToneMark tone={tone} size={8} />
          </span>
          <span className="truncate">{event.type}</span>
        </span>
      );
    },
    width: 'minmax(220px, 1.2fr)',
  },
  {
    key: 'subject',
    title: 'Subject',
    value: (event) => event.subject,
    render: (event) => <SubjectLink subject={event.subject} kind />,
    width: 'minmax(200px, 1.2fr)',
  },
  { key: 'actor', title: 'By', value: (event) => event.actor, width: 'minmax(136px, 0.7fr)' },
  {
    key: 'data',
    title: 'Data',
    value: (event) => JSON.stringify(event.data),
    render: (event) => <span className="mono dim">{brief(event.data, 140)}</span>,
    width: 'minmax(160px, 1.6fr)',
    sortable: false,
  },
];

/** Everything that ever changed, newest first; searchable, verifiable, explained. */
export function LedgerPage() {
  const [search, patch] = useUrlPatch();
  const navigate = useNavigate();
  const filter = {
    type: search.type ? `${search.type}.*` : undefined,
    subject: search.subject,
    actor: search.actor,
    text: search.text,
  };
  const events = useInfiniteQuery<List<LedgerEvent> & { total?: number }, ApiError>({
    queryKey: ['ledger', 'events', filter],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam, signal }) =>
      api.get(
        '/api/ledger/events',
        { ...filter, limit: PAGE, before: pageParam as number | undefined },
        signal,
      ),
    getNextPageParam: (last) => (last.items.length < PAGE ? undefined : last.items.at(-1)?.seq),
  });
  const verify = useVerify();
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs once when the palette asks for it
  useEffect(() => {
    if (search.do !== 'verify') return;
    patch({ do: undefined });
    verify.mutate();
  }, [search.do]);
  const rows = events.data?.pages.flatMap((page) => page.items) ?? [];
  const open = rows.find((event) => event.id === search.event);
  const filtered = Object.values(filter).some(Boolean);
  const query = new URLSearchParams(
    Object.entries(filter).filter((entry): entry is [string, string] => Boolean(entry[1])),
  ).toString();
  return (
    <Page
      title="Ledger"
      lead="Every change of state stands here once, in order, chained by hashes. What caused what, and what was made from what, follows from it."
      actions={<VerifyButton verify={verify} />}
      api={{ path: `/api/ledger/events${query ? `?${query}` : ''}`, cli: 'houston audit log' }}
    >
      {verify.data || verify.error ? <VerifyResult verify={verify} /> : null}
      <Panel flush>
        {events.isError ? <ErrorPanel error={events.error} retry={() => void events.refetch()} /> : null}
        {events.isPending ? <Skeleton rows={14} /> : null}
        {events.data ? (
          <DataTable
            unfiltered
            name="ledger"
            rows={rows}
            columns={columns}
            rowKey={(event) => event.id}
            active={search.event}
            onOpen={(event) => patch({ event: event.id })}
            height={Math.max(320, window.innerHeight - 226)}
            onEnd={() => {
              if (events.hasNextPage && !events.isFetchingNextPage) void events.fetchNextPage();
            }}
            tools={
              <>
                <Filters />
                <span className="dim small nowrap">
                  {filtered ? 'found' : `of ${group(events.data.pages[0]?.total)}`}
                </span>
              </>
            }
            empty={
              filtered ? (
                <Empty
                  title="No event matches"
                  action={
                    <Button
                      variant="default"
                      onClick={() =>
                        patch({ type: undefined, subject: undefined, actor: undefined, text: undefined })
                      }
                    >
                      Clear the search
                    </Button>
                  }
                />
              ) : (
                <Empty title="The ledger is empty" command="npx houston models register NAME model.onnx">
                  The first thing that you register, upload or deploy is its first event.
                </Empty>
              )
            }
          />
        ) : null}
      </Panel>
      <Drawer open={Boolean(open)} close={() => patch({ event: undefined })} title={open?.type ?? ''}>
        {open ? (
          <>
            <div className="row">
              <WhyButton subject={open.id} />
              <Button variant="default" onClick={() => void navigate({ to: `/ledger/events/${open.id}` })}>
                Open as a page
              </Button>
            </div>
            <EventDetails event={open} />
          </>
        ) : null}
      </Drawer>
    </Page>
  );
}

function Filters() {
  const [search, patch] = useUrlPatch();
  return (
    <>
      <SearchField name="text" placeholder="Search the whole ledger" width={230} icon />
      <Select
        aria-label="Kind of event"
        data={[
          { value: '', label: 'all kinds' },
          ...families.map((name) => ({ value: name, label: `${name}.*` })),
        ]}
        value={search.type ?? ''}
        onChange={(value) => patch({ type: value || undefined })}
        w={130}
      />
      <SearchField name="subject" placeholder="subject: model:NAME/3" width={190} />
      <SearchField name="actor" placeholder="actor: user:local" width={140} />
    </>
  );
}

function SearchField({
  name,
  placeholder,
  width,
  icon,
}: {
  name: string;
  placeholder: string;
  width: number;
  icon?: boolean;
}) {
  const [search, patch] = useUrlPatch();
  const [text, setText] = useState(search[name] ?? '');
  const commit = useDebouncedCallback((value: string) => patch({ [name]: value.trim() || undefined }), 300);
  useEffect(() => setText(search[name] ?? ''), [search[name], name]);
  return (
    <TextInput
      aria-label={placeholder}
      placeholder={placeholder}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        commit(event.currentTarget.value);
      }}
      w={width}
      {...(icon
        ? {
            leftSection: <IconSearch size={14} />,
            rightSection: <span className="kbd">/</span>,
            'data-filter': 'true',
          }
        : {})}
    />
  );
}
