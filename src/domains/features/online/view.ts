import type { FeatureService, Group } from '../definition.model.ts';
import type { Row, Value } from '../expression/expression.ts';
import { tileOf, toUnits } from '../windows.model.ts';
import type { EventBatch } from './event-log.ts';
import { KeyTiles } from './tiles.ts';

/** How much longer than its longest window a group remembers, so that late questions still find their tiles. */
export const graceMs = 86_400_000;

type Key = string | number | boolean;
type MutableRow = Record<string, Value>;

/** The value of a key of several columns; null when one of them is null. */
export function keyOf(row: Row, columns: readonly string[]): Key | null {
  if (columns.length === 1) return row[columns[0]] ?? null;
  let text = '';
  let unsafe = false;
  for (let i = 0; i < columns.length; i++) {
    const value = row[columns[i]] ?? null;
    if (value === null) return null;
    const part = String(value);
    if (typeof value === 'string' && part.includes('\0')) unsafe = true;
    text = i === 0 ? part : `${text}\0${part}`;
  }
  // Parts that hold the separator take a form that no other key can have.
  return unsafe ? '\0'.repeat(columns.length) + JSON.stringify(columns.map((name) => row[name])) : text;
}

type GroupState = {
  readonly group: Group;
  readonly keys: Map<Key, KeyTiles>;
  /** Tiles before this one are forgotten. */
  pruned: number;
  /** Event time (ms) from which the next sweep is due. */
  nextSweep: number;
  readonly scratch: Float64Array;
};

/** The tiles of one version of a feature service, in memory. */
export class OnlineView {
  readonly service: FeatureService;
  readonly groups: readonly GroupState[];
  newest = Number.NEGATIVE_INFINITY;
  oldest = Number.POSITIVE_INFINITY;
  rows = 0;

  constructor(service: FeatureService) {
    this.service = service;
    this.groups = service.groups.map((group) => ({
      group,
      keys: new Map(),
      pruned: Number.NEGATIVE_INFINITY,
      nextSweep: Number.NEGATIVE_INFINITY,
      scratch: new Float64Array(1 + 2 * group.values.length),
    }));
  }

  /** Milliseconds that events stay useful. */
  get retention(): number {
    const reach = this.service.groups.map(({ longest, grain }) => (longest + 1) * grain);
    return Math.max(0, ...reach) + graceMs;
  }

  /** Becomes what another view of the same version is; who holds this one sees it, too. */
  adopt(other: OnlineView): void {
    this.groups.forEach((state, i) => {
      const from = other.groups[i];
      state.keys.clear();
      for (const [key, tiles] of from.keys) state.keys.set(key, tiles);
      state.pruned = from.pruned;
      state.nextSweep = from.nextSweep;
    });
    this.newest = other.newest;
    this.oldest = other.oldest;
    this.rows = other.rows;
  }

  /** Counts a batch in. Returns the newest known time in it and how many rows no feature can see any more. */
  apply({ columns }: EventBatch): { newest: number; ignored: number } {
    const names = Object.keys(this.service.columns);
    const values = names.map((name) => columns[name]);
    const length = Object.values(columns)[0]?.length ?? 0;
    const row: MutableRow = {};
    let newest = Number.NEGATIVE_INFINITY;
    let ignored = 0;
    for (let i = 0; i < length; i++) {
      for (let c = 0; c < names.length; c++) row[names[c]] = values[c]?.[i] ?? null;
      for (const { name, expression } of this.service.derived) row[name] = expression.evaluate(row);
      const known = this.applyRow(row);
      if (known === null) ignored++;
      else if (known > newest) newest = known;
    }
    if (newest > this.newest) this.newest = newest;
    this.sweep();
    return { newest, ignored };
  }

  /** The row's newest known time; null when every window has passed it by. */
  private applyRow(row: MutableRow): number | null {
    const time = row[this.service.eventTime] as number | null;
    if (time === null) return null;
    let newest: number | null = this.groups.length === 0 ? time : null;
    for (const state of this.groups) {
      const { group, scratch } = state;
      const told = row[group.knownAt] as number | null;
      const key = group.key.length === 0 ? 0 : keyOf(row, group.key);
      if (told === null || key === null) continue;
      const known = Math.max(told, time);
      const tile = tileOf(known, group.grain);
      if (tile < state.pruned) continue;
      scratch[0] = 1;
      for (let v = 0; v < group.values.length; v++) {
        const units = toUnits(group.values[v].evaluate(row));
        const counts = !Number.isNaN(units);
        scratch[1 + 2 * v] = counts ? 1 : 0;
        scratch[2 + 2 * v] = counts ? units : 0;
      }
      let tiles = state.keys.get(key);
      if (!tiles) {
        tiles = new KeyTiles(scratch.length);
        state.keys.set(key, tiles);
      }
      tiles.add(tile, scratch);
      if (newest === null || known > newest) newest = known;
    }
    if (newest !== null) {
      this.rows++;
      if (newest < this.oldest) this.oldest = newest;
    }
    return newest;
  }

  /**
   * Every so often forgets what lies beyond the longest window, and keys that have nothing left. A group is due
   * after a part of its window, so that the work per event stays the same whatever the window.
   */
  private sweep(): void {
    for (const state of this.groups) {
      if (this.newest < state.nextSweep) continue;
      const { longest, grain } = state.group;
      state.nextSweep = this.newest + Math.max(3_600_000, (longest * grain) / 20);
      const keep = tileOf(this.newest - graceMs, grain) - longest - 1;
      if (keep <= state.pruned) continue;
      state.pruned = keep;
      for (const [key, tiles] of state.keys) {
        tiles.prune(keep);
        if (tiles.count === 0) state.keys.delete(key);
      }
    }
    this.oldest = Math.max(this.oldest, this.newest - this.retention);
  }

  stats(): { rows: number; keys: number; tiles: number } {
    let keys = 0;
    let tiles = 0;
    for (const state of this.groups) {
      keys += state.keys.size;
      for (const key of state.keys.values()) tiles += key.count;
    }
    return { rows: this.rows, keys, tiles };
  }
}
