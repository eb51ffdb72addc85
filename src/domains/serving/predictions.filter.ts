import Type, { type Static } from 'typebox';
import { sqlLiteral, sqlTimestamp } from '../../platform/tables/index.ts';

const Flag = Type.Union([Type.Literal('true'), Type.Literal('false')]);
const Time = Type.String({ maxLength: 40 });

/** Which records a list shows; all that are given must hold. */
export const PredictionFilter = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  before: Type.Optional(Time),
  from: Type.Optional({ ...Time, description: 'Answered at or after' }),
  to: Type.Optional({ ...Time, description: 'Answered before' }),
  arm: Type.Optional(Type.String({ pattern: '^[a-z]{1,20}$' })),
  version: Type.Optional(Type.Integer({ minimum: 1 })),
  failed: Type.Optional(Flag),
  labelled: Type.Optional(Flag),
  sampled: Type.Optional(Flag),
  minScore: Type.Optional(Type.Number()),
  maxScore: Type.Optional(Type.Number()),
  entity: Type.Optional(
    Type.String({
      maxLength: 1200,
      pattern: '^[^=]+=.+$',
      description: 'COLUMN=VALUE of an input or feature',
    }),
  ),
});
export type PredictionFilterInput = Static<typeof PredictionFilter>;

/** The filter as conditions over joined predictions; times in milliseconds, `entity` as a condition already. */
export function filterSql(
  filter: Omit<PredictionFilterInput, 'before' | 'from' | 'to' | 'entity'>,
  more: { before?: number; from?: number; to?: number; revisions?: readonly string[]; entity?: string },
): string {
  const { arm, failed, labelled, sampled, minScore, maxScore } = filter;
  const conditions = [
    more.before === undefined ? '' : `time < ${sqlTimestamp(more.before)}`,
    more.from === undefined ? '' : `time >= ${sqlTimestamp(more.from)}`,
    more.to === undefined ? '' : `time < ${sqlTimestamp(more.to)}`,
    more.revisions === undefined ? '' : `revision IN (${['', ...more.revisions].map(sqlLiteral).join(', ')})`,
    arm === undefined ? '' : `arm = ${sqlLiteral(arm)}`,
    failed === undefined ? '' : `error IS ${failed === 'true' ? 'NOT ' : ''}NULL`,
    labelled === undefined ? '' : `label IS ${labelled === 'true' ? 'NOT ' : ''}NULL`,
    sampled === undefined ? '' : `weight ${sampled === 'true' ? '>' : '='} 0`,
    minScore === undefined ? '' : `score >= ${sqlLiteral(minScore)}`,
    maxScore === undefined ? '' : `score <= ${sqlLiteral(maxScore)}`,
    more.entity ?? '',
  ].filter((one) => one !== '');
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}
