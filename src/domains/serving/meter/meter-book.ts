import { createMeter, earlier, mergeMeter, type RevisionMeter, trimRing } from './meter.ts';

/** Meters of the revisions that have served in this process, by deployment. */
export type MeterBook = {
  get(revision: string): RevisionMeter | undefined;
  /** Takes a meter in; one that is there already for the revision gives way. */
  keep(meter: RevisionMeter): void;
  all(): RevisionMeter[];
  of(deployment: string): RevisionMeter[];
  /**
   * Bounds what former revisions take up: beyond the newest few of those that are not in use, they are joined into one
   * meter whose revision is `earlier`, so that sums over a deployment never fall.
   */
  fold(deployment: string, isInUse: (revision: string) => boolean): void;
  /** Lets go of seconds that nobody can ask about any more, also where no request comes. `now` in milliseconds. */
  trim(now: number): void;
  drop(deployment: string): void;
};

/** Former revisions of a deployment whose figures are kept apart. */
const mostFormer = 16;

/** An empty book. */
export function createMeterBook(): MeterBook {
  const byRevision = new Map<string, RevisionMeter>();
  const byDeployment = new Map<string, Set<RevisionMeter>>();

  const setOf = (deployment: string) => {
    const found = byDeployment.get(deployment) ?? new Set();
    byDeployment.set(deployment, found);
    return found;
  };
  const earlierOf = ({ deployment, model }: RevisionMeter['labels']) => {
    const meters = setOf(deployment);
    for (const meter of meters) if (meter.labels.revision === earlier) return meter;
    const made = createMeter({ deployment, model, version: 0, revision: earlier });
    meters.add(made);
    return made;
  };
  const remove = (meter: RevisionMeter) => {
    byRevision.delete(meter.labels.revision);
    byDeployment.get(meter.labels.deployment)?.delete(meter);
  };

  return {
    get: (revision) => byRevision.get(revision),
    keep(meter) {
      const before = byRevision.get(meter.labels.revision);
      if (before === meter) return;
      if (before) remove(before);
      byRevision.set(meter.labels.revision, meter);
      setOf(meter.labels.deployment).add(meter);
    },
    all: () => [...byDeployment.values()].flatMap((meters) => [...meters]),
    of: (deployment) => [...(byDeployment.get(deployment) ?? [])],
    fold(deployment, isInUse) {
      const former = this.of(deployment).filter(
        ({ labels: { revision } }) => revision !== earlier && !isInUse(revision),
      );
      former.sort((a, b) => b.lastInference - a.lastInference);
      for (const meter of former.slice(mostFormer)) {
        mergeMeter(earlierOf(meter.labels), meter);
        remove(meter);
      }
    },
    trim(now) {
      for (const meter of byRevision.values()) trimRing(meter, now);
    },
    drop(deployment) {
      for (const meter of this.of(deployment)) remove(meter);
      byDeployment.delete(deployment);
    },
  };
}
