import { type Known, runAndKeep } from '../cache/known-answers.ts';
import type { PredictionLog } from '../recorder/prediction-log.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { AsideQueue } from './aside-queue.ts';
import type { PredictRequest } from './predictor.ts';
import { type PreparedRows, prepareRows } from './request-rows.ts';
import { answerOf, knownRun, type Run, runRows } from './revision-run.ts';
import type { LiveRollout } from './route.ts';
import { sameVectors } from './same-vectors.ts';

/** The arm of a rollout that a request was not assigned to. */
export function otherArm(
  { challenger }: LiveRollout,
  chosen: LiveRevision,
  champion: LiveRevision,
): LiveRevision {
  return chosen === champion ? challenger : champion;
}

type Needs = { log: PredictionLog; aside: AsideQueue; now: () => number };

type Answered = {
  id: string;
  now: number;
  champion: LiveRevision;
  rows: PreparedRows;
  known: Known | null;
  chosen: LiveRevision;
  request: PredictRequest;
  run: Run;
  failed: Run | null;
};

/** Feeds the rollout's evidence: who was assigned, and both arms' results on the same rows. */
export function observe(needs: Needs, rollout: LiveRollout, answered: Answered): void {
  const { id, now, champion, chosen, known, run, failed } = answered;
  rollout.stepRequests++;
  rollout.evidence.assigned(chosen === rollout.challenger, rollout.weight);
  const settle = (other: Run, mine: Run) => {
    if (rollout.state === 'stopped') return;
    const [ofChampion, ofChallenger] = mine.live === rollout.challenger ? [other, mine] : [mine, other];
    rollout.evidence.pair({
      id,
      time: now,
      champion: armResult(ofChampion),
      challenger: armResult(ofChallenger),
    });
    if (!rollout.evidence.hasAlarm()) return;
    rollout.weight = 0;
    rollout.state = 'stopped';
    rollout.onAlarm();
  };
  const record = (other: Run) =>
    needs.log.pair({
      id,
      time: needs.now(),
      revision: other.live.revision.id,
      rollout: rollout.id,
      computeMs: other.computeMs,
      scores: other.error === null ? other.scores : null,
      error: other.error,
    });
  if (failed) {
    record(failed);
    settle(run, failed);
    return;
  }
  const other = otherArm(rollout, chosen, champion);
  if (known?.answer && known.others) {
    const others = knownRun(other, answered.rows, known.others);
    record(others);
    settle(others, run);
    return;
  }
  needs.aside.push(async () => {
    if (rollout.state === 'stopped') return;
    const rows = sameVectors(other, chosen) ? answered.rows : prepareRows(other, answered.request, now);
    const runOther = () => runRows(other, rows);
    const aside = known ? await runAndKeep(known, other, now, runOther, answerOf) : await runOther();
    record(aside);
    settle(aside, run);
  });
}

function armResult(run: Run) {
  return {
    failed: run.error !== null,
    computeMs: run.computeMs,
    endedAt: run.endedAt,
    scores: run.error === null ? run.scores : null,
  };
}
