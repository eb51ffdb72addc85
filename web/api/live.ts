import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import type { LedgerEvent } from './types.ts';

export type Connection = 'connecting' | 'live' | 'offline';

/** Domains whose pages show facts that an event of another domain changes. */
const also: Record<string, string[]> = {
  data: ['features'],
  experiments: ['pipelines'],
  registry: ['serving'],
  serving: ['registry', 'monitoring'],
  monitoring: ['serving'],
  governance: ['serving', 'registry', 'pipelines'],
};

let connection: Connection = 'connecting';
const watchers = new Set<() => void>();
const listeners = new Set<(event: LedgerEvent) => void>();

function setConnection(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const watcher of watchers) watcher();
}

/** Whether the ledger stream is connected. */
export function useConnection(): Connection {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => connection,
  );
}

/** Calls `listener` for every ledger event that arrives; returns the way to stop. */
export function onLedgerEvent(listener: (event: LedgerEvent) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Parses one server-sent block; null for comments. */
export function parseBlock(block: string): { id: string; type: string; data: string } | null {
  let id = '';
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line === '' || line.startsWith(':')) continue;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? null : { id, type, data: data.join('\n') };
}

/**
 * Follows the ledger over /api/events for as long as the page lives and refreshes the queries of the
 * domains that changed, at most about once a second. Read with fetch rather than EventSource, which
 * would need every event type named in advance.
 */
export function followLedger(client: QueryClient): () => void {
  const stop = new AbortController();
  const dirty = new Set<string>();
  const flush = setInterval(() => {
    if (dirty.size === 0) return;
    const domains = new Set([...dirty, 'ledger', 'insights']);
    dirty.clear();
    void client.invalidateQueries({ predicate: (query) => domains.has(String(query.queryKey[0])) });
  }, 900);
  stop.signal.addEventListener('abort', () => clearInterval(flush));
  void follow(
    stop.signal,
    (event) => {
      const domain = event.type.split('.')[0] ?? '';
      dirty.add(domain);
      for (const other of also[domain] ?? []) dirty.add(other);
      for (const listener of listeners) listener(event);
    },
    () => void client.invalidateQueries(),
  );
  return () => stop.abort();
}

async function follow(
  signal: AbortSignal,
  receive: (event: LedgerEvent) => void,
  reconnected: () => void,
): Promise<void> {
  let last = '';
  let attempt = 0;
  while (!signal.aborted) {
    try {
      const response = await fetch('/api/events', {
        signal,
        credentials: 'same-origin',
        headers: { accept: 'text/event-stream', ...(last ? { 'last-event-id': last } : {}) },
      });
      if (!response.ok || !response.body) throw new Error(String(response.status));
      setConnection('live');
      if (attempt > 0) reconnected();
      attempt = 0;
      for await (const block of blocks(response.body)) {
        if (block.id) last = block.id;
        try {
          receive(JSON.parse(block.data) as LedgerEvent);
        } catch {
          // A block that is no event (a greeting, a keep-alive) changes nothing.
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    attempt += 1;
    setConnection(attempt > 1 ? 'offline' : 'connecting');
    await new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 400 * 2 ** Math.min(attempt, 5))));
  }
}

async function* blocks(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<{ id: string; type: string; data: string }> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value.replaceAll('\r\n', '\n');
    const parts = rest.split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const block = parseBlock(part);
      if (block) yield block;
    }
  }
}
