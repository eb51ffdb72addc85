import type { Db } from '../../platform/db/database.ts';
import type { Reference } from './monitoring.model.ts';
import * as store from './monitoring.store.ts';
import { withoutUnusual } from './statistics/reference.ts';

/**
 * A champion's reference without the days of its evaluation on which the deployment was beyond its limits while a former
 * champion answered. A model that was trained in a storm has the storm in its held-out rows; it should know it, but
 * the limits should not take it for the weather.
 */
export async function usualReference(db: Db, reference: Reference): Promise<Reference> {
  const { deployment, profile } = reference;
  const [first, last] = [profile.chunks?.items[0], profile.chunks?.items.at(-1)];
  if (!profile.chunks || !first || !last) return reference;
  const { length } = profile.chunks;
  const windows = await store.listWindows(db, deployment, { from: first.start, to: last.start + 1 });
  const unusual = windows.filter(
    ({ start, end, reference: judgedBy, judgement: { flags } }) =>
      end - start === length && judgedBy !== reference.id && (flags.performance || flags.prediction),
  );
  const starts = new Set(unusual.map(({ start }) => start));
  return { ...reference, profile: withoutUnusual(profile, (start) => starts.has(start)) };
}
