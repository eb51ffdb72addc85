import { join } from 'node:path';
import type { FeatureService } from '../definition.model.ts';
import type { Value } from '../expression/expression.ts';
import { featuresError } from '../features.errors.ts';
import { type EventBatch, EventLog } from './event-log.ts';
import { createVectorizer, toColumnValue, type Vectorizer } from './vectorizer.ts';
import { OnlineView } from './view.ts';

/** How many batch ids a service remembers, so that a retry counts nothing twice. */
const rememberedBatches = 100_000;

export type PushResult = { accepted: number; duplicate: boolean; ignored: number };
export type OnlineState = {
  rows: number;
  keys: number;
  tiles: number;
  oldest: number | null;
  newest: number | null;
  logBytes: number;
};

/** The online side of one feature service: one durable log, and tiles per version that somebody uses. */
export class OnlineService {
  private readonly log: EventLog;
  private readonly views = new Map<string, OnlineView>();
  private readonly batches = new Set<string>();
  private current: OnlineView;
  /** What is pushed while the views are filled again. */
  private pending: EventBatch[] | null = null;

  constructor(folder: string, service: FeatureService) {
    this.log = new EventLog(folder);
    this.current = this.load(service, true);
  }

  /** Makes another version the one that pushes are checked against. */
  use(service: FeatureService): void {
    this.current = this.view(service);
  }

  /** The tiles of a version; replays the log when nobody has used it since the start. */
  view(service: FeatureService): OnlineView {
    return this.views.get(service.digest) ?? this.load(service, false);
  }

  vectorizer(service: FeatureService): Vectorizer {
    return createVectorizer(this.view(service));
  }

  /**
   * Takes a batch of events: durable when this returns. A batch id that was seen before counts nothing again.
   * Raises features.events.invalid for missing columns and unequal lengths, features.online.unwritable.
   */
  push(given: Readonly<Record<string, readonly unknown[]>>, batch: string | null): PushResult {
    const columns = this.check(given);
    const accepted = Object.values(columns)[0]?.length ?? 0;
    if (batch !== null && this.batches.has(batch)) return { accepted, duplicate: true, ignored: 0 };
    if (accepted === 0) return { accepted, duplicate: false, ignored: 0 };
    const record = { batch, columns };
    this.log.append(record, this.newestTime(columns));
    this.pending?.push(record);
    this.remember(batch);
    let ignored = 0;
    for (const view of this.views.values()) {
      const result = view.apply(record);
      if (view === this.current) ignored = result.ignored;
    }
    this.log.prune(this.current.newest - Math.max(...[...this.views.values()].map((view) => view.retention)));
    return { accepted, duplicate: false, ignored };
  }

  /**
   * Events of one entity: how many there are, and with `remove` gone for good. Where a feature is kept by one of the
   * columns, the whole row goes, and the feature is as if it had never been; else only the columns are emptied. Pushes
   * and questions go on meanwhile.
   */
  async entityEvents(entity: Readonly<Record<string, string>>, remove: boolean): Promise<number> {
    const { service } = this.current;
    const names = Object.keys(entity);
    if (!names.every((name) => Object.hasOwn(service.columns, name))) return 0;
    const isKey = service.groups.some(({ key }) => key.some((name) => names.includes(name)));
    const segments = this.log.rotate();
    let found = 0;
    for (const number of segments) {
      const batches: EventBatch[] = [];
      const before = found;
      for await (const batch of this.log.batches(number)) {
        const { kept, hits } = withoutEntity(batch, entity, isKey);
        found += hits;
        if (remove) batches.push(kept);
      }
      if (remove && found > before) await this.log.replace(number, batches);
    }
    if (remove && found > 0) await this.rebuild(segments);
    return found;
  }

  /** Fills the views again from these segments, and from what is pushed meanwhile. */
  private async rebuild(segments: readonly number[]): Promise<void> {
    const fresh = [...this.views.values()].map((view) => new OnlineView(view.service));
    const pushed = this.log.rotate().filter((number) => !segments.includes(number));
    this.pending = [];
    try {
      for (const number of [...segments, ...pushed])
        for await (const batch of this.log.batches(number)) for (const view of fresh) view.apply(batch);
      for (const batch of this.pending) for (const view of fresh) view.apply(batch);
      for (const view of fresh) this.views.get(view.service.digest)?.adopt(view);
    } finally {
      this.pending = null;
    }
  }

  state(service: FeatureService): OnlineState {
    const view = this.view(service);
    const finite = (time: number) => (Number.isFinite(time) ? time : null);
    return {
      ...view.stats(),
      oldest: finite(view.oldest),
      newest: finite(view.newest),
      logBytes: this.log.bytes,
    };
  }

  close(): void {
    this.log.close();
  }

  private load(service: FeatureService, first: boolean): OnlineView {
    const view = new OnlineView(service);
    this.log.replay((batch) => {
      if (first) this.remember(batch.batch);
      return Math.max(view.apply(batch).newest, newestOf(batch.columns[service.eventTime]));
    });
    this.views.set(service.digest, view);
    return view;
  }

  /** Remembers a batch id; the oldest goes when there are too many. */
  private remember(batch: string | null): void {
    if (batch === null) return;
    this.batches.add(batch);
    if (this.batches.size <= rememberedBatches) return;
    for (const oldest of this.batches) {
      this.batches.delete(oldest);
      return;
    }
  }

  private check(given: Readonly<Record<string, readonly unknown[]>>): Record<string, Value[]> {
    const { service } = this.current;
    const names = Object.keys(service.columns);
    const missing = names.filter((name) => !Object.hasOwn(given, name));
    if (missing.length > 0) {
      throw featuresError('features.events.invalid', `The events lack the column ${missing.join(', ')}.`, {
        missing,
      });
    }
    const length = given[names[0]].length;
    const uneven = Object.keys(given).find((name) => given[name].length !== length);
    if (uneven)
      throw featuresError('features.events.invalid', 'The columns have different lengths.', {
        column: uneven,
      });
    return Object.fromEntries(
      names.map((name) => [name, given[name].map((value) => checked(value, name, service))]),
    );
  }

  private newestTime(columns: Readonly<Record<string, readonly Value[]>>): number {
    const times = Object.entries(this.current.service.columns).filter(([, type]) => type === 'timestamp');
    return Math.max(...times.map(([name]) => newestOf(columns[name])));
  }
}

/** A batch without the rows of an entity, or with them and their columns emptied; itself when it has none. */
function withoutEntity(
  batch: EventBatch,
  entity: Readonly<Record<string, string>>,
  isKey: boolean,
): { kept: EventBatch; hits: number } {
  const names = Object.keys(entity);
  const rows = Object.values(batch.columns)[0]?.length ?? 0;
  const hits = new Set<number>();
  for (let row = 0; row < rows; row++) {
    const isOf = names.every((name) => {
      const value = batch.columns[name]?.[row];
      return value !== null && value !== undefined && String(value) === entity[name];
    });
    if (isOf) hits.add(row);
  }
  if (hits.size === 0) return { kept: batch, hits: 0 };
  const columns = Object.entries(batch.columns).map(([name, values]): [string, readonly Value[]] => {
    if (isKey) return [name, values.filter((_, row) => !hits.has(row))];
    return [name, names.includes(name) ? values.map((one, row) => (hits.has(row) ? null : one)) : values];
  });
  return { kept: { batch: batch.batch, columns: Object.fromEntries(columns) }, hits: hits.size };
}

function newestOf(times: readonly Value[] | undefined): number {
  let newest = Number.NEGATIVE_INFINITY;
  for (const time of times ?? []) if (typeof time === 'number' && time > newest) newest = time;
  return newest;
}

/** The value of a column; refuses what would silently become null. */
export function checked(value: unknown, name: string, service: FeatureService): Value {
  const type = service.columns[name];
  const result = toColumnValue(value, type);
  const fits =
    result !== null ? type !== 'string' || typeof value === 'string' : value === null || value === undefined;
  if (fits) return result;
  throw featuresError('features.events.invalid', `The column "${name}" holds a value that is no ${type}.`, {
    column: name,
  });
}

/** All online services of this process, each in its own folder below `root`. */
export class OnlineStore {
  private readonly root: string;
  private readonly services = new Map<string, OnlineService>();

  constructor(root: string) {
    this.root = root;
  }

  /** Opens a service, or moves it to a new version. */
  open(service: FeatureService): OnlineService {
    const known = this.services.get(service.name);
    if (known) {
      known.use(service);
      return known;
    }
    const opened = new OnlineService(join(this.root, service.name), service);
    this.services.set(service.name, opened);
    return opened;
  }

  get(name: string): OnlineService | undefined {
    return this.services.get(name);
  }

  close(): void {
    for (const service of this.services.values()) service.close();
    this.services.clear();
  }
}
