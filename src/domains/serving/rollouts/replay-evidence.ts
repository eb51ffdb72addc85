import { sqlLiteral, type Tables, withFreshFiles } from '../../../platform/tables/index.ts';
import { logFiles } from '../predictions.service.ts';
import type { PredictionLog } from '../recorder/prediction-log.ts';
import { type LogFiles, logSql } from '../recorder/prediction-sql.ts';
import type { Rollout } from '../serving.store.ts';
import type { ArmResult, EvidenceBook } from './evidence.ts';

type RequestRow = {
  request_id: string;
  time: number;
  latency_ms: number;
  arm: string;
  revision: string;
  compute_ms: number;
  error: string | null;
  scores: (number | null)[];
  other_revision: string | null;
  other_ms: number | null;
  other_time: number | null;
  other_error: string | null;
  other_scores: (number | null)[] | null;
};

/**
 * Rebuilds the evidence of a rollout from the prediction log, so that a restart forgets nothing and counts nothing
 * twice. Returns the number of requests since the present step began.
 */
export async function replayEvidence(
  tables: Tables,
  log: PredictionLog,
  rollout: Rollout,
  evidence: EvidenceBook,
): Promise<{ stepRequests: number }> {
  const { requests, labels } = await withFreshFiles(() => readRollout(tables, logFiles(log), rollout));
  const weights = rollout.evidence.transitions;
  let stepRequests = 0;
  for (const request of requests) {
    const isFallback = request.arm === 'fallback';
    const toChallenger = isFallback
      ? request.other_revision === rollout.challenger
      : request.arm === 'canary';
    const weight = weights.findLast((one) => one.time <= request.time)?.weight ?? 0;
    evidence.assigned(toChallenger, weight);
    if (request.time >= (rollout.stepAt ?? 0)) stepRequests++;
    if (request.other_revision === null) continue;
    // What a fallback answered is good; the error on its line is that of the arm it stood in for.
    const mine = armResult(
      request.compute_ms,
      request.time + request.latency_ms,
      isFallback ? null : request.error,
      request.scores,
    );
    const other = armResult(
      request.other_ms ?? 0,
      request.other_time ?? 0,
      request.other_error,
      request.other_scores ?? [],
    );
    const isMine = request.revision === rollout.challenger;
    const [champion, challenger] = isMine ? [other, mine] : [mine, other];
    evidence.pair({ id: request.request_id, time: request.time, champion, challenger });
  }
  for (const { request_id, row_index, value } of labels) evidence.label(request_id, row_index, value);
  return { stepRequests };
}

async function readRollout(tables: Tables, files: LogFiles, rollout: Rollout) {
  const ofRollout = `rollout = ${sqlLiteral(rollout.id)}`;
  const requests = await tables.query<RequestRow>(`
    WITH answered AS (
      SELECT request_id, min(time) AS time, any_value(latency_ms) AS latency_ms, any_value(arm) AS arm, any_value(revision) AS revision,
        any_value(compute_ms) AS compute_ms, any_value(error) AS error, list(score ORDER BY row_index) AS scores
      FROM (${logSql('predictions', files.predictions)}) WHERE ${ofRollout} AND again IS NULL GROUP BY request_id),
    aside AS (
      SELECT request_id, any_value(revision) AS other_revision, any_value(compute_ms) AS other_ms, any_value(time) AS other_time,
        any_value(error) AS other_error, list(score ORDER BY row_index) AS other_scores
      FROM (${logSql('pairs', files.pairs)}) WHERE ${ofRollout} GROUP BY request_id)
    SELECT * FROM answered LEFT JOIN aside USING (request_id) ORDER BY time, request_id`);
  const labels = await tables.query<{ request_id: string; row_index: number; value: number }>(`
    SELECT request_id, row_index, value FROM (${logSql('feedback', files.feedback)})
    WHERE request_id IN (SELECT request_id FROM (${logSql('predictions', files.predictions)}) WHERE ${ofRollout})
      AND value IS NOT NULL
    ORDER BY received, ordinal`);
  return { requests, labels };
}

function armResult(
  computeMs: number,
  endedAt: number,
  error: string | null,
  scores: (number | null)[],
): ArmResult {
  return {
    failed: error !== null,
    computeMs,
    endedAt,
    scores: error === null ? scores.map((score) => score ?? Number.NaN) : null,
  };
}
