import { randomUUID } from 'node:crypto';

/** Runs in one order, read once, so that windows of a table that someone scrolls fit together. */
export type Snapshot = {
  id: string;
  /** What was asked: a token is good for its own question only. */
  question: string;
  total: number;
  /** The first runs, or all of them. */
  ids: readonly string[];
  parents: ReadonlyMap<string, string> | null;
  usedAt: number;
};

const LIFETIME_MS = 5 * 60_000;
const MOST_IDS = 2_000_000;

/** The snapshots of the tables that are open now; the longest unused go first. */
export class Snapshots {
  private readonly kept = new Map<string, Snapshot>();

  find(id: string | undefined, question: string, now: number): Snapshot | undefined {
    const found = id === undefined ? undefined : this.kept.get(id);
    if (found?.question !== question || now - found.usedAt > LIFETIME_MS) return undefined;
    this.keep({ ...found, usedAt: now });
    return this.kept.get(found.id);
  }

  add(snapshot: Omit<Snapshot, 'id' | 'usedAt'>, now: number, id: string = randomUUID()): Snapshot {
    const made = { ...snapshot, id, usedAt: now };
    this.keep(made);
    let size = 0;
    for (const one of [...this.kept.values()].reverse()) {
      size += one.ids.length;
      if (size > MOST_IDS || now - one.usedAt > LIFETIME_MS) this.kept.delete(one.id);
    }
    return made;
  }

  private keep(snapshot: Snapshot): void {
    this.kept.delete(snapshot.id);
    this.kept.set(snapshot.id, snapshot);
  }
}
