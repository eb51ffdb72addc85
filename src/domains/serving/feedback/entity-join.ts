import type { Scope } from '../../../platform/scope.ts';
import { sqlLiteral, sqlTimestamp, withFreshFiles } from '../../../platform/tables/index.ts';
import { getDeployment } from '../deployments.service.ts';
import { featureColumns } from '../predictions.service.ts';
import type { Entity } from '../privacy/entity-match.ts';
import { fieldHash } from '../privacy/install-secret.ts';
import { fieldRules } from '../privacy/recording-policy.ts';
import { inputTextSql } from '../query/query-view.ts';
import { type FeatureColumn, featureSql, logSql } from '../recorder/prediction-sql.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';

/** Whose prediction is meant, and when its outcome became known (ms). */
export type EntityQuestion = { item: number; entity: Entity; time: number };
export type EntityAnswer = { item: number; request: string; row: number };

const batch = 1000;

/**
 * For each question the newest prediction of that entity at or before its time, not older than `windowMs`: one pass
 * over that part of the log for all of them. What has none is left out.
 * @throws serving.feedback.invalid when the deployment declares another entity or none, serving.deployment.not_found
 */
export async function newestOfEntities(
  state: ServingState,
  scope: Scope,
  deployment: string,
  questions: readonly EntityQuestion[],
  windowMs: number,
): Promise<EntityAnswer[]> {
  const { spec } = await getDeployment(scope, deployment);
  const columns = [...(spec.entity ?? [])].sort();
  if (columns.length === 0)
    throw servingError('serving.feedback.invalid', `The deployment ${deployment} declares no entity.`);
  const other = questions.find(({ entity }) => Object.keys(entity).join() !== columns.join());
  if (other)
    throw servingError('serving.feedback.invalid', `The entity of ${deployment} is ${columns.join(', ')}.`);
  const rules = fieldRules(spec.recording);
  const hidden = columns.find((name) => ['drop', 'mask'].includes(rules.get(name)?.redact ?? ''));
  if (hidden !== undefined)
    throw servingError('serving.feedback.invalid', `"${hidden}" is not recorded, so nothing leads to it.`);
  const hash = fieldHash(scope.platform.config);
  const covered = columns.some((name) => rules.get(name)?.redact === 'hash');
  const keyOf = (entity: Entity, isHashed: boolean) =>
    JSON.stringify(
      columns.map((name) =>
        isHashed && rules.get(name)?.redact === 'hash' ? hash(name, entity[name]) : entity[name],
      ),
    );
  const features = await featureColumns(scope, deployment);
  const key = `to_json([${columns.map((name) => entityTextSql(name, features)).join(', ')}])::VARCHAR`;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const { time } of questions) {
    first = Math.min(first, time);
    last = Math.max(last, time);
  }
  return state.platform.tables.session(async (session) => {
    await session.run('CREATE TEMP TABLE asked (item INTEGER, entity VARCHAR, until TIMESTAMP)');
    for (let start = 0; start < questions.length; start += batch) {
      const rows = questions
        .slice(start, start + batch)
        .flatMap(({ item, entity, time }) =>
          [...new Set([keyOf(entity, false), ...(covered ? [keyOf(entity, true)] : [])])].map(
            (text) => `(${item}, ${sqlLiteral(text)}, ${sqlTimestamp(time)})`,
          ),
        );
      await session.run(`INSERT INTO asked VALUES ${rows.join(', ')}`);
    }
    const answer = () =>
      session.query<EntityAnswer>(`
      WITH p AS MATERIALIZED (
        SELECT * FROM (
          SELECT request_id, row_index, event_time, time, ${key} AS entity
          FROM (${logSql('predictions', state.log(deployment).files('predictions'))})
          WHERE again IS NULL AND (error IS NULL OR arm = 'fallback') AND event_time <= ${sqlTimestamp(last)}
            AND event_time >= ${sqlTimestamp(first - windowMs)})
        WHERE entity IN (SELECT entity FROM asked)
        QUALIFY row_number() OVER (PARTITION BY entity, event_time ORDER BY time DESC, request_id DESC, row_index DESC) = 1)
      SELECT item, arg_max(p.request_id, p.event_time) AS request, arg_max(p.row_index, p.event_time) AS "row"
      FROM asked ASOF JOIN p ON asked.entity = p.entity AND asked.until >= p.event_time
      WHERE p.event_time >= asked.until - INTERVAL ${Math.round(windowMs / 1000)} SECOND
      GROUP BY item`);
    return withFreshFiles(answer);
  });
}

/** The entity's column of a row as text: out of the request, else out of the vector, where whole numbers stand bare. */
function entityTextSql(name: string, features: readonly FeatureColumn[]): string {
  const text = inputTextSql(name);
  const feature = features.find((one) => one.name === name);
  if (!feature) return text;
  const number = featureSql(feature);
  return `coalesce(${text}, CASE WHEN ${number} = trunc(${number}) THEN (${number})::BIGINT::VARCHAR ELSE (${number})::VARCHAR END)`;
}
