import { createHash } from 'node:crypto';
import type { Json } from '../../../../platform/json.ts';
import { authorise, type Scope, transact } from '../../../../platform/scope.ts';
import { isAnyOf } from '../../bulk.store.ts';
import { experimentsError } from '../../experiments.contract.ts';
import { newHexId } from '../../experiments.model.ts';
import { cleanText } from '../spans/spans.model.ts';
import { METADATA } from '../traces.model.ts';
import {
  type Assessment,
  type AssessmentRow,
  figureOf,
  type NewAssessment,
  toAssessment,
  writeValue,
} from './assessments.model.ts';

const invalid = (field: string, why: string) =>
  experimentsError('experiments.input.invalid', `Invalid value for parameter '${field}' supplied: ${why}`);

/** The assessments of traces, the oldest first; ids sort by time, so those of one millisecond stay in order too. */
export async function assessmentsOf(
  scope: Scope,
  traceIds: readonly string[],
): Promise<Map<string, Assessment[]>> {
  const rows = await scope.db
    .selectFrom('experiments_assessments')
    .selectAll()
    .where(isAnyOf(scope.db, 'trace_id', traceIds))
    .orderBy('created_at')
    .orderBy('id')
    .execute();
  return Map.groupBy(rows.map(toAssessment), ({ traceId }) => traceId);
}

/** @throws experiments.trace.not_found, experiments.assessment.not_found */
export async function getAssessment(scope: Scope, traceId: string, id: string): Promise<Assessment> {
  return toAssessment(await existing(scope, traceId, id));
}

async function existing(scope: Scope, traceId: string, id: string): Promise<AssessmentRow> {
  const row = await scope.db
    .selectFrom('experiments_assessments')
    .selectAll()
    .where('id', '=', id)
    .where('trace_id', '=', traceId)
    .executeTakeFirst();
  if (row) return row;
  await needTrace(scope, traceId);
  throw experimentsError('experiments.assessment.not_found', 'The trace has no assessment with this id.');
}

async function needTrace(scope: Scope, id: string): Promise<void> {
  const row = await scope.db
    .selectFrom('experiments_traces')
    .select('id')
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw experimentsError('experiments.trace.not_found', 'There is no trace with this id.');
}

/**
 * Keeps an assessment; the one that it overrides is no longer valid.
 * @throws experiments.trace.not_found, experiments.assessment.not_found, experiments.input.invalid
 */
export async function addAssessment(scope: Scope, input: NewAssessment): Promise<Assessment> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    await needTrace(tx, input.traceId);
    const row = toRow(tx, input, `a-${newHexId()}`);
    if (input.overrides !== null) await supersede(tx, input.traceId, input.overrides);
    await tx.db.insertInto('experiments_assessments').values(row).execute();
    return toAssessment(row);
  });
}

/**
 * Keeps assessments that came with their trace, which is there. Those without an id get one from what they say, so
 * that a report that comes twice is kept once. @throws experiments.input.invalid
 */
export async function insertAssessments(
  tx: Scope,
  inputs: readonly (NewAssessment & { id?: string })[],
): Promise<void> {
  for (const input of inputs) {
    const id = input.id ?? `a-${shortHash(JSON.stringify(input))}`;
    await tx.db
      .insertInto('experiments_assessments')
      .values(toRow(tx, input, id))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
}

const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

function toRow(tx: Scope, input: NewAssessment, id: string): AssessmentRow {
  checkName(input.name);
  const now = tx.now();
  return {
    id,
    trace_id: input.traceId,
    span_id: input.spanId,
    kind: input.kind,
    name: cleanText(input.name),
    value: writeValue(input.value),
    ...figureOf(input.value),
    error: input.error && writeValue(input.error),
    rationale: input.rationale && cleanText(input.rationale),
    source_type: input.source.type,
    source_id: input.source.id.slice(0, 250),
    metadata: writeValue(input.metadata),
    session_id: input.metadata[METADATA.session] ?? null,
    overrides: input.overrides,
    is_valid: 1,
    created_at: input.createdAt ?? now,
    updated_at: input.updatedAt ?? now,
  };
}

function checkName(name: string): void {
  if (name === '' || name.length > 250) throw invalid('assessment_name', 'it has 1 to 250 characters.');
}

async function supersede(tx: Scope, traceId: string, id: string): Promise<void> {
  await existing(tx, traceId, id);
  await tx.db.updateTable('experiments_assessments').set({ is_valid: 0 }).where('id', '=', id).execute();
}

export type AssessmentChange = {
  name?: string | undefined;
  /** What kind of value it is, and the value. */
  value?: { kind: 'feedback' | 'expectation'; value: Json; error: NewAssessment['error'] } | undefined;
  rationale?: string | undefined;
  metadata?: Record<string, string> | undefined;
  isValid?: boolean | undefined;
};

/**
 * Changes what is given; metadata are added to those that are there. Who made it, and of which span, stays.
 * @throws experiments.assessment.not_found, experiments.trace.not_found, experiments.input.invalid
 */
export async function changeAssessment(
  scope: Scope,
  traceId: string,
  id: string,
  change: AssessmentChange,
): Promise<Assessment> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const row = await existing(tx, traceId, id);
    const next: Partial<AssessmentRow> = { updated_at: Math.max(tx.now(), row.updated_at) };
    if (change.name !== undefined) {
      checkName(change.name);
      next.name = change.name;
    }
    if (change.value) {
      const { kind, value, error } = change.value;
      if (kind !== row.kind) throw invalid(kind, `the assessment is of the kind ${row.kind}.`);
      Object.assign(next, { value: writeValue(value), ...figureOf(value) });
      next.error = error && writeValue(error);
    }
    if (change.rationale !== undefined) next.rationale = change.rationale;
    if (change.metadata !== undefined) {
      const metadata = { ...(JSON.parse(row.metadata) as Record<string, string>), ...change.metadata };
      next.metadata = writeValue(metadata);
      next.session_id = metadata[METADATA.session] ?? null;
    }
    if (change.isValid !== undefined) next.is_valid = change.isValid ? 1 : 0;
    await tx.db.updateTable('experiments_assessments').set(next).where('id', '=', id).execute();
    return toAssessment({ ...row, ...next });
  });
}

/** Takes an assessment back; what it overrode is valid again. One that is not there is no error. @throws experiments.trace.not_found */
export async function removeAssessment(scope: Scope, traceId: string, id: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    await needTrace(tx, traceId);
    const { db } = tx;
    const row = await db
      .deleteFrom('experiments_assessments')
      .where('id', '=', id)
      .where('trace_id', '=', traceId)
      .returning('overrides')
      .executeTakeFirst();
    if (!row || row.overrides === null) return;
    await db
      .updateTable('experiments_assessments')
      .set({ is_valid: 1 })
      .where('id', '=', row.overrides)
      .where('trace_id', '=', traceId)
      .execute();
  });
}
