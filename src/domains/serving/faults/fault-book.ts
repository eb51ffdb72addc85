import type { Revision } from '../runtime/live-revision.ts';
import type { Fault, FaultKind } from '../runtime/model-host.ts';
import { servingError } from '../serving.errors.ts';
import { isTooMuch, mainKind, quarantineReason, recentFaults, type SeenFault } from './fault.model.ts';

export type Quarantine = {
  revision: string;
  deployment: string;
  kind: FaultKind;
  reason: string;
  faults: { time: number; kind: FaultKind; detail: string }[];
  /** When it began, in milliseconds. */
  since: number;
};

/** What somebody does about faults; set once, by `watchFaults`. */
export type FaultListener = {
  onFault(revision: Revision, fault: SeenFault, count: number): void;
  onQuarantine(revision: Revision, quarantine: Quarantine): void;
  onRecovered(revision: Revision): void;
};

/** What has gone wrong with the revisions of this process, in memory: the database may be away. */
export type FaultBook = {
  report(revision: Revision, fault: Fault): void;
  /**
   * For one loaded instance of a revision. Once the revision was in quarantine nothing more is heard of it, not even
   * after a release: what it still has to do before it is gone says nothing of the next instance.
   */
  reporter(revision: Revision): (fault: Fault) => void;
  quarantineOf(revision: string): Quarantine | undefined;
  /** Whether a revision of the deployment is in quarantine. */
  hasQuarantine(deployment: string): boolean;
  /** @throws serving.quarantine.deployed */
  refuseQuarantined(revision: string): void;
  /** Whether it has gone wrong and has not been quiet since. */
  isFaulty(revision: string): boolean;
  /** Puts back what the database knows, at the start. */
  restore(quarantine: Quarantine): void;
  release(revision: string): void;
  /** Tells of revisions that have been quiet; call it every second or so. */
  settle(): void;
  listen(listener: FaultListener): void;
};

/** Without a fault for so long a revision has recovered. */
const quietMs = 30_000;
const mostFaults = 50;

/** An empty book. */
export function createFaultBook(now: () => number): FaultBook {
  const quarantined = new Map<string, Quarantine>();
  const seen = new Map<string, { revision: Revision; faults: SeenFault[] }>();
  /** How often each was in quarantine since the start. */
  const terms = new Map<string, number>();
  const termOf = ({ id }: Revision) => terms.get(id) ?? 0;
  let listener: FaultListener | undefined;

  return {
    reporter(revision) {
      const term = termOf(revision);
      return (fault) => {
        if (termOf(revision) === term) this.report(revision, fault);
      };
    },
    report(revision, fault) {
      if (quarantined.has(revision.id)) return;
      const time = now();
      const entry = seen.get(revision.id) ?? { revision, faults: [] };
      seen.set(revision.id, entry);
      const one = { ...fault, time };
      entry.faults.push(one);
      if (entry.faults.length > mostFaults) entry.faults.shift();
      listener?.onFault(revision, one, entry.faults.length);
      if (!isTooMuch(entry.faults, time)) return;
      const recent = recentFaults(entry.faults, time);
      const quarantine: Quarantine = {
        revision: revision.id,
        deployment: revision.deployment,
        kind: mainKind(recent),
        reason: quarantineReason(entry.faults, time),
        faults: recent.map(({ time: at, kind, detail }) => ({ time: at, kind, detail })),
        since: time,
      };
      quarantined.set(revision.id, quarantine);
      terms.set(revision.id, termOf(revision) + 1);
      seen.delete(revision.id);
      listener?.onQuarantine(revision, quarantine);
    },
    quarantineOf: (revision) => quarantined.get(revision),
    hasQuarantine: (deployment) => [...quarantined.values()].some((one) => one.deployment === deployment),
    refuseQuarantined(revision) {
      const found = quarantined.get(revision);
      if (!found) return;
      throw servingError(
        'serving.quarantine.deployed',
        `This version is in quarantine as it would run here. ${found.reason}`,
      );
    },
    isFaulty: (revision) => seen.has(revision),
    restore: (quarantine) => void quarantined.set(quarantine.revision, quarantine),
    release: (revision) => void quarantined.delete(revision),
    settle() {
      const before = now() - quietMs;
      for (const [id, { revision, faults }] of seen) {
        if ((faults.at(-1)?.time ?? 0) > before) continue;
        seen.delete(id);
        listener?.onRecovered(revision);
      }
    },
    listen(next) {
      listener = next;
    },
  };
}
