import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolder } from '../../../platform/config.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { transact } from '../../../platform/scope.ts';
import type { RevisionMeter } from '../meter/meter.ts';
import { revisionsOf } from '../routing/route.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { ServingState } from '../serving.state.ts';
import {
  type Bound,
  between,
  errorBound,
  invalidBound,
  isFine,
  isOver,
  type Share,
  type Totals,
} from './health.model.ts';

/** Seconds that a share is taken over. */
const windowSeconds = 30;
/** A disk that takes so much again is no longer full. */
const probeBytes = 64 * 1024;

type Kind = 'errors' | 'outputs';
type Watched = {
  live: LiveRevision;
  /** Totals by second, oldest first. */
  totals: Totals[];
  over: Record<Kind, number>;
  raised: Record<Kind, boolean>;
};

const bounds: Record<Kind, Bound> = { errors: errorBound, outputs: invalidBound };
const verbs: Record<Kind, [raised: string, settled: string]> = {
  errors: ['serving.errors.raised', 'serving.errors.settled'],
  outputs: ['serving.outputs.invalid', 'serving.outputs.valid'],
};

/**
 * Watches what the request path counts, off that path: the share of failed requests and of rows without a valid score
 * per revision, and whether the disk takes the prediction log. Changes go to the ledger, also after an outage of the
 * database. `look` is to be called every second.
 */
export function createHealthWatch(state: ServingState) {
  const watched = new Map<string, Watched>();
  /** Totals of revisions that are not loaded now, as long as they are counted. */
  const left = new WeakMap<RevisionMeter, Totals>();
  const { platform, late, faults } = state;
  let refusedSince: number | null = null;
  let droppedBefore = 0;

  const tell = (type: string, subject: string, data: JsonObject, uses: string[]) =>
    late.push(type, (scope) => transact(scope, (tx) => record(tx, { type, subject, data, uses })));
  const tellOf = ({ revision }: LiveRevision, kind: Kind, isRaised: boolean, data: JsonObject) => {
    const { id, deployment, model, version } = revision;
    const type = verbs[kind][isRaised ? 0 : 1];
    tell(type, `revision:${id}`, { revision: id, deployment, model, version, ...data }, [
      `deployment:${deployment}`,
      `model:${model}/${version}`,
    ]);
  };

  const judge = (entry: Watched, kind: Kind, share: Share) => {
    const bound = bounds[kind];
    entry.over[kind] = isOver(share, bound) ? entry.over[kind] + 1 : 0;
    if (!entry.raised[kind] && entry.over[kind] >= bound.looks) {
      entry.raised[kind] = true;
      tellOf(entry.live, kind, true, {
        reason: reasonOf(kind, share),
        bad: share.bad,
        of: share.of,
        bound: bound.raise,
        at: new Date(platform.now()).toISOString(),
      });
    } else if (entry.raised[kind] && isFine(share, bound)) {
      entry.raised[kind] = false;
      tellOf(entry.live, kind, false, { reason: `${share.bad} of ${share.of} in the last half minute.` });
    }
  };

  const lookAt = (live: LiveRevision) => {
    const { id } = live.revision;
    const totals: Totals = {
      requests: live.meter.requests,
      errors: live.meter.errors,
      rows: live.scorer.seen.rows,
      invalid: live.scorer.seen.invalid,
    };
    let entry = watched.get(id);
    if (!entry || entry.live !== live) {
      const raised = entry?.raised ?? { errors: false, outputs: false };
      const last = entry?.totals.at(-1) ?? left.get(live.meter);
      // A meter counts on where its revision is loaded again, a scorer begins anew.
      const start = { requests: 0, errors: 0, ...last, rows: 0, invalid: 0 };
      entry = { live, totals: [start], over: { errors: 0, outputs: 0 }, raised };
      watched.set(id, entry);
    }
    const [before] = entry.totals;
    entry.totals.push(totals);
    if (entry.totals.length > windowSeconds) entry.totals.shift();
    const shares = between(before, totals);
    // What dies, or is in quarantine, has an incident of its own.
    const isKnown = faults.isFaulty(id) || faults.quarantineOf(id) !== undefined;
    judge(entry, 'errors', isKnown ? { of: 0, bad: 0 } : shares.errors);
    judge(entry, 'outputs', shares.invalid);
  };

  /** A revision that answers nobody any more raises nothing any more. */
  const forget = (entry: Watched) => {
    const { id } = entry.live.revision;
    watched.delete(id);
    left.set(entry.live.meter, entry.totals[entry.totals.length - 1]);
    for (const kind of ['errors', 'outputs'] as const)
      if (entry.raised[kind]) tellOf(entry.live, kind, false, { reason: 'It does not serve any more.' });
  };

  const lookAtDisk = async () => {
    const { refusingLogs } = state;
    if (refusingLogs.size > 0 && refusedSince === null) {
      refusedSince = platform.now();
      const deployments = [...refusingLogs].map((folder) => folder.split(/[\\/]/).at(-2) ?? folder);
      tell(
        'serving.log.refused',
        'server:predictions',
        {
          reason: 'The disk refuses prediction records; requests are answered without.',
          deployments: [...new Set(deployments)].slice(0, 20),
          at: new Date(refusedSince).toISOString(),
        },
        [],
      );
    }
    if (refusedSince === null) return;
    // Logs of deployments that nobody asks now never hear that there is room again.
    if (refusingLogs.size > 0 && (await takesBytes(dataFolder(platform.config, 'predictions'))))
      refusingLogs.clear();
    if (refusingLogs.size > 0) return;
    const dropped = state.droppedRecords - droppedBefore;
    droppedBefore = state.droppedRecords;
    refusedSince = null;
    tell(
      'serving.log.accepted',
      'server:predictions',
      { reason: `The disk takes records again; ${dropped} writes were refused.`, dropped },
      [],
    );
  };

  return {
    async look() {
      faults.settle();
      const seen = new Set<string>();
      for (const route of state.routes.values()) {
        for (const live of revisionsOf(route)) {
          seen.add(live.revision.id);
          // Thousands of quiet models cost a comparison each.
          if (live.meter.requests + live.scorer.seen.rows > 0) lookAt(live);
        }
      }
      for (const [id, entry] of watched) if (!seen.has(id)) forget(entry);
      await lookAtDisk();
    },
  };
}

function reasonOf(kind: Kind, { of, bad }: Share): string {
  const percent = ((bad / of) * 100).toFixed(1);
  return kind === 'errors'
    ? `${bad} of ${of} requests failed in the last half minute (${percent} %).`
    : `${bad} of ${of} rows got no valid score in the last half minute (${percent} %): not a number, or out of range.`;
}

/** Whether the disk of a folder takes a few bytes. */
async function takesBytes(folder: string): Promise<boolean> {
  const path = join(folder, 'room.tmp');
  try {
    await writeFile(path, Buffer.alloc(probeBytes));
    return true;
  } catch {
    return false;
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
