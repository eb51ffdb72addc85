import { authorise, type Scope } from '../../../platform/scope.ts';
import { sqlLiteral, withFreshFiles } from '../../../platform/tables/index.ts';
import { locate } from '../predictions.service.ts';
import { type Entity, entityOf } from '../privacy/entity-match.ts';
import { type PredictionLog, predictionId } from '../recorder/prediction-log.ts';
import { logSql } from '../recorder/prediction-sql.ts';
import type { RolloutController } from '../rollouts/controller.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import { type EntityQuestion, newestOfEntities } from './entity-join.ts';
import type { FeedbackReplyBody } from './feedback.contract.ts';

/** An outcome, a reward or both, of a prediction by its id or of the newest one of an entity at that time. */
export type Feedback = {
  id: string | null;
  entity: Entity | null;
  deployment: string | null;
  value: number | null;
  reward: number | null;
  time: number;
};

const hour = 3_600_000;
const usualWindowHours = 720;

type Found = { log: PredictionLog; request: string; row: number };

/**
 * Takes outcomes and rewards. They may come late, twice or corrected: the last one received counts, each for itself.
 * What is accepted is on disk when this resolves. What found no prediction is named.
 * @throws serving.feedback.invalid, …not_written
 */
export async function acceptFeedback(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  items: readonly Feedback[],
  windowHours = usualWindowHours,
): Promise<FeedbackReplyBody> {
  authorise(scope, 'serving.feedback');
  items.forEach(checkItem);
  const reply: FeedbackReplyBody = { accepted: 0, unknown: [], unsampled: [], matched: [] };
  const places = await placesOf(state, scope, items, windowHours);
  const received = scope.now();
  const labelled: [deployment: string, request: string, row: number, value: number][] = [];
  let written: Promise<boolean> | undefined;
  let hint: PredictionLog | undefined;
  for (const [i, item] of items.entries()) {
    const found: Found | undefined = item.id === null ? places.get(i) : locate(state, item.id, hint);
    if (!found) {
      reply.unknown.push(nameOf(item));
      continue;
    }
    hint = found.log;
    if (found.log.isBare(found.request)) {
      reply.unsampled.push(nameOf(item));
      continue;
    }
    const { value, reward, time } = item;
    written = found.log.feedback({ request: found.request, row: found.row, value, reward, time }, received);
    reply.accepted++;
    if (item.id === null) {
      const id = predictionId(found.request, found.row, found.log.rowsOf(found.request) ?? 1);
      reply.matched.push({ item: i, id });
    }
    if (value !== null) labelled.push([found.log.deployment, found.request, found.row, value]);
  }
  if (written && !(await written)) {
    throw servingError(
      'serving.feedback.not_written',
      'The disk refused the feedback; nothing of it counts.',
    );
  }
  for (const one of labelled) controller.label(...one);
  return reply;
}

const invalid = (message: string) => servingError('serving.feedback.invalid', message);

function checkItem({ id, entity, deployment, value, reward }: Feedback, i: number): void {
  if ((id === null) === (entity === null))
    throw invalid(`Item ${i} needs either the id of a prediction or an entity.`);
  if (entity !== null && deployment === null)
    throw invalid(`Item ${i} has an entity, so it needs a deployment.`);
  if (value === null && reward === null) throw invalid(`Item ${i} has neither a value nor a reward.`);
  for (const number of [value, reward])
    if (number !== null && !Number.isFinite(number))
      throw invalid(`Item ${i} holds a value that is no number.`);
}

/** How a reply names what found no prediction: the id, or the entity as `customer=7`. */
function nameOf({ id, entity }: Feedback): string {
  if (id !== null) return id;
  return Object.entries(entity ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}

/** The prediction of each item that names an entity, by the item's place. */
async function placesOf(
  state: ServingState,
  scope: Scope,
  items: readonly Feedback[],
  windowHours: number,
): Promise<Map<number, Found>> {
  const places = new Map<number, Found>();
  const byDeployment = new Map<string, EntityQuestion[]>();
  items.forEach(({ entity, deployment, time }, item) => {
    if (entity === null || deployment === null) return;
    const questions = byDeployment.get(deployment) ?? [];
    questions.push({ item, entity, time });
    byDeployment.set(deployment, questions);
  });
  for (const [deployment, questions] of byDeployment) {
    const found = await newestOfEntities(state, scope, deployment, questions, windowHours * hour);
    const log = state.log(deployment);
    for (const { item, request, row } of found) places.set(item, { log, request, row });
  }
  return places;
}

export type FeedbackWord = {
  value: number | null;
  reward: number | null;
  time: number | null;
  received: number;
};

/** Every word on one prediction, the newest first. @throws serving.prediction.not_found */
export async function feedbackHistory(state: ServingState, id: string): Promise<FeedbackWord[]> {
  const found = locate(state, id, undefined);
  if (!found) throw servingError('serving.prediction.not_found', 'There is no prediction with this id.');
  return withFreshFiles(() =>
    state.platform.tables.query<FeedbackWord>(
      `SELECT value, reward, event_time AS time, received FROM (${logSql('feedback', found.log.files('feedback'))})
     WHERE request_id = ${sqlLiteral(found.request)} AND row_index = ${found.row}
     ORDER BY received DESC, ordinal DESC LIMIT 1000`,
    ),
  );
}

export type GivenFeedback = {
  id?: string;
  entity?: Readonly<Record<string, string | number | boolean>>;
  deployment?: string;
  value?: number | boolean;
  reward?: number;
};

/** An item as it was sent, with what all items share. */
export function toFeedback(item: GivenFeedback, time: number, deployment: string | undefined): Feedback {
  return {
    id: item.id ?? null,
    entity: item.entity === undefined ? null : entityOf(item.entity),
    deployment: item.deployment ?? deployment ?? null,
    value: item.value === undefined ? null : Number(item.value),
    reward: item.reward ?? null,
    time,
  };
}
