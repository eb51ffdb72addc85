import { Button, Menu, TextInput } from '@mantine/core';
import { IconChevronDown, IconClock, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { toMs, utc } from './format.ts';
import { useUrlPatch } from './url-state.ts';

const presets: [string, string, number][] = [
  ['15m', 'Last 15 minutes', 900_000],
  ['1h', 'Last hour', 3_600_000],
  ['6h', 'Last 6 hours', 6 * 3_600_000],
  ['24h', 'Last 24 hours', 86_400_000],
  ['7d', 'Last 7 days', 7 * 86_400_000],
  ['30d', 'Last 30 days', 30 * 86_400_000],
  ['90d', 'Last 90 days', 90 * 86_400_000],
];

export type Range = {
  /** Milliseconds; undefined is open. */
  from: number | undefined;
  to: number | undefined;
  /** The same as ISO text, for queries. */
  query: { from?: string; to?: string };
  /** The chosen word in the URL: 'all', '24h', … or 'custom'. */
  word: string;
};

/**
 * The time range of the page, kept in the URL (`range`, or `from` and `to`).
 * Relative ranges end at `end` (default now): pages over event time pass the newest event there.
 */
export function useTimeRange(options: { fallback?: string; end?: number } = {}): Range {
  const [search] = useUrlPatch();
  const from = toMs(search.from);
  const to = toMs(search.to);
  if (from !== null || to !== null) return rangeOf('custom', from ?? undefined, to ?? undefined);
  const word = search.range ?? options.fallback ?? 'all';
  const preset = presets.find(([key]) => key === word);
  if (!preset) return rangeOf('all', undefined, undefined);
  const end = options.end ?? Math.ceil(Date.now() / 10_000) * 10_000;
  return rangeOf(word, end - preset[2], options.end);
}

function rangeOf(word: string, from: number | undefined, to: number | undefined): Range {
  const query: Range['query'] = {};
  if (from !== undefined) query.from = new Date(from).toISOString();
  if (to !== undefined) query.to = new Date(to).toISOString();
  return { word, from, to, query };
}

/** Sets the page's range, for example after brushing a chart. */
export function useSetTimeRange(): (from: number, to: number) => void {
  const [, patch] = useUrlPatch();
  return (from, to) =>
    patch({
      range: undefined,
      from: new Date(Math.round(from)).toISOString(),
      to: new Date(Math.round(to)).toISOString(),
    });
}

/** The control of the page's time range. */
export function TimeRange({ fallback = 'all', end }: { fallback?: string; end?: number }) {
  const [, patch] = useUrlPatch();
  const range = useTimeRange({ fallback, ...(end === undefined ? {} : { end }) });
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const words = presets.find(([key]) => key === range.word)?.[1];
  const label =
    range.word === 'custom'
      ? `${range.from === undefined ? 'start' : utc(range.from)} – ${range.to === undefined ? 'now' : utc(range.to)} UTC`
      : (words ?? 'All time');
  const custom = () => {
    const start = toMs(from ? `${from.replace(' ', 'T')}Z` : null);
    const stop = toMs(to ? `${to.replace(' ', 'T')}Z` : null);
    if (start === null && stop === null) return;
    patch({
      range: undefined,
      from: start === null ? undefined : new Date(start).toISOString(),
      to: stop === null ? undefined : new Date(stop).toISOString(),
    });
  };
  return (
    <span className="row" style={{ gap: 2 }}>
      <Menu position="bottom-end" width={280}>
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconClock size={14} />}
            rightSection={<IconChevronDown size={14} />}
          >
            {label}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() =>
              patch({ range: fallback === 'all' ? undefined : 'all', from: undefined, to: undefined })
            }
          >
            All time
          </Menu.Item>
          {presets.map(([key, name]) => (
            <Menu.Item
              key={key}
              onClick={() =>
                patch({ range: key === fallback ? undefined : key, from: undefined, to: undefined })
              }
            >
              {name}
              {end === undefined ? '' : ' of data'}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <div className="stack" style={{ padding: 8 }}>
            <TextInput
              label="From (UTC)"
              placeholder="2001-02-01 00:00"
              value={from}
              onChange={(event) => setFrom(event.currentTarget.value)}
            />
            <TextInput
              label="To (UTC)"
              placeholder="2001-03-01 00:00"
              value={to}
              onChange={(event) => setTo(event.currentTarget.value)}
            />
            <Button variant="default" onClick={custom}>
              Show this range
            </Button>
          </div>
        </Menu.Dropdown>
      </Menu>
      {range.word === 'custom' ? (
        <button
          type="button"
          className="icon-btn"
          aria-label="Clear the time range"
          onClick={() => patch({ from: undefined, to: undefined })}
        >
          <IconX size={14} />
        </button>
      ) : null}
    </span>
  );
}
