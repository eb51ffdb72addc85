import { useEffect, useMemo, useSyncExternalStore } from 'react';
import { ApiError, api, path } from '../../../api/client.ts';
import { onLedgerEvent } from '../../../api/live.ts';
import type { RunsWindow, TableRow } from '../../../api/types.ts';

export type Question = {
  experiment: string;
  filter: string;
  order: string | undefined;
  stage: 'active' | 'deleted';
  nested: boolean;
  open: string[];
};
export type Cell = number | string | null;
/** A row with what is known of its cells; those named in `fresh` are of its snapshot, others of an older one. */
export type Row = Omit<TableRow, 'cells'> & {
  cells: Map<string, Cell>;
  fresh: Set<string>;
  snapshot: string;
};

const BLOCK = 100;
const GROUP = 20;

/** What of the table is in sight: rows from and to, and the columns of runs' own keys. */
type Sight = { from: number; to: number; columns: readonly string[] };
type State = { total: number | null; error: ApiError | null; tookMs: number; version: number };

/**
 * The rows of one question, read in tiles of a hundred rows and twenty columns as they come in sight. All tiles of one
 * snapshot fit together; a newer snapshot replaces rows in place, so that nothing flickers.
 */
export class RunRows {
  private state: State = { total: null, error: null, tookMs: 0, version: 0 };
  private readonly rows = new Map<number, Row>();
  private readonly watchers = new Set<() => void>();
  private snapshot = '';
  private asked = new Map<string, AbortController>();
  private sight: Sight = { from: 0, to: BLOCK, columns: [] };
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isBeginning = false;
  private readonly question: Question;

  constructor(question: Question) {
    this.question = question;
  }

  readonly watch = (watcher: () => void) => {
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
    };
  };
  readonly read = () => this.state;
  row(index: number): Row | undefined {
    return this.rows.get(index);
  }

  /** Says what is in sight; tiles that are missing are asked for, those that left sight no longer. */
  look(sight: Sight): void {
    this.sight = sight;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.fill();
    }, 60);
  }

  /** Takes a new snapshot. */
  async refresh(): Promise<void> {
    if (this.isBeginning) return;
    this.isBeginning = true;
    try {
      const block = Math.floor(this.sight.from / BLOCK);
      const columns = this.sight.columns.slice(0, GROUP);
      const found = await this.ask({ offset: block * BLOCK, columns });
      for (const controller of this.asked.values()) controller.abort();
      this.snapshot = found.snapshot;
      this.asked = new Map();
      this.take(block * BLOCK, found, columns);
      for (const index of this.rows.keys()) if (index >= found.total) this.rows.delete(index);
      this.set({ total: found.total, error: null, tookMs: found.tookMs });
      this.fill();
    } catch (error) {
      if (error instanceof ApiError) this.set({ error });
      else throw error;
    } finally {
      this.isBeginning = false;
    }
  }

  private fill(): void {
    if (this.snapshot === '' || this.state.total === null) return;
    const { from, to, columns } = this.sight;
    const last = Math.min(to, Math.max(0, this.state.total - 1));
    const wanted = new Map<string, [number, string[]]>();
    for (let block = Math.floor(from / BLOCK); block <= Math.floor(last / BLOCK); block++) {
      for (let at = 0; at === 0 || at < columns.length; at += GROUP) {
        const group = columns.slice(at, at + GROUP);
        wanted.set(tileKey(block, group), [block, group]);
      }
    }
    for (const [key, controller] of this.asked) {
      if (wanted.has(key)) continue;
      controller.abort();
      this.asked.delete(key);
    }
    for (const [key, [block, group]] of wanted) {
      if (!this.asked.has(key) && !this.hasAll(block, group)) void this.tile(key, block, group);
    }
  }

  private hasAll(block: number, columns: readonly string[]): boolean {
    const end = Math.min((block + 1) * BLOCK, this.state.total ?? 0);
    for (let index = block * BLOCK; index < end; index++) {
      const row = this.rows.get(index);
      if (row?.snapshot !== this.snapshot || columns.some((column) => !row.fresh.has(column))) return false;
    }
    return true;
  }

  private async tile(key: string, block: number, columns: string[]): Promise<void> {
    const controller = new AbortController();
    this.asked.set(key, controller);
    const { snapshot } = this;
    try {
      const found = await this.ask({ snapshot, offset: block * BLOCK, columns }, controller.signal);
      if (this.snapshot !== snapshot) return;
      this.asked.delete(key);
      // The server no longer has the snapshot: everything is read again.
      if (found.snapshot !== snapshot) return void this.refresh();
      this.take(block * BLOCK, found, columns);
      this.set({});
    } catch (error) {
      this.asked.delete(key);
      if (error instanceof ApiError) this.set({ error });
    }
  }

  private ask(window: object, signal?: AbortSignal): Promise<RunsWindow> {
    const { experiment, filter, order, stage, nested, open } = this.question;
    const body = {
      ...(filter && { filter }),
      ...(order && { order }),
      stage,
      ...(nested && { nested, open }),
      limit: BLOCK,
      ...window,
    };
    const target = `${path`/api/experiments/${experiment}`}/runs/window`;
    return api.post<RunsWindow>(target, body, undefined, signal);
  }

  private take(offset: number, found: RunsWindow, columns: readonly string[]): void {
    found.rows.forEach((row, at) => {
      const known = this.rows.get(offset + at);
      const before = known?.id === row.id ? known : undefined;
      const cells = new Map(before?.cells);
      columns.forEach((column, i) => {
        cells.set(column, row.cells[i] ?? null);
      });
      const kept = before?.snapshot === found.snapshot ? before.fresh : [];
      const fresh = new Set([...kept, ...columns]);
      this.rows.set(offset + at, { ...row, cells, fresh, snapshot: found.snapshot });
    });
  }

  private set(change: Partial<State>): void {
    this.state = { ...this.state, ...change, version: this.state.version + 1 };
    for (const watcher of this.watchers) watcher();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const controller of this.asked.values()) controller.abort();
  }
}

function tileKey(block: number, columns: readonly string[]): string {
  return `${block}:${columns.join(',')}`;
}

/** The rows of a question; they follow the runs as they go on, more often while the answer comes quickly. */
export function useRunRows(question: Question): { rows: RunRows; state: State } {
  const key = JSON.stringify(question);
  const rows = useMemo(() => new RunRows(JSON.parse(key) as Question), [key]);
  const state = useSyncExternalStore(rows.watch, rows.read);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let isOver = false;
    const again = () => {
      timer = setTimeout(
        async () => {
          if (!document.hidden) await rows.refresh();
          if (!isOver) again();
        },
        Math.min(60_000, Math.max(4_000, rows.read().tookMs * 40)),
      );
    };
    void rows.refresh().then(() => {
      if (!isOver) again();
    });
    const forget = onLedgerEvent((event) => {
      if (event.type.startsWith('experiments.')) void rows.refresh();
    });
    return () => {
      isOver = true;
      clearTimeout(timer);
      forget();
      rows.stop();
    };
  }, [rows]);
  return { rows, state };
}
