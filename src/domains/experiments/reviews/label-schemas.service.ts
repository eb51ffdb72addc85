import { randomUUID } from 'node:crypto';
import type { Db } from '../../../platform/db/database.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { lockExperiments } from '../purge/purge.store.ts';
import { decodeOffset, encodeOffset } from '../search/filter.model.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import * as model from './label-schemas.model.ts';

const missing = () =>
  experimentsError('experiments.label_schema.not_found', 'There is no question like this.');
const taken = (name: string) =>
  experimentsError('experiments.label_schema.exists', `The experiment has a question “${name}” already.`);

const rows = (db: Db) => db.selectFrom('experiments_label_schemas').selectAll();

/** All questions of an experiment, the newest first; the one that each has comes last. */
export async function labelSchemasOf(scope: Scope, experimentId: number): Promise<model.LabelSchema[]> {
  const experiment = await activeExperiment(scope, experimentId);
  const found = await rows(scope.db)
    .where('experiment_id', '=', experimentId)
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute();
  return [...found.map(model.toLabelSchema), model.defaultSchema(experimentId, experiment.created_at)];
}

/** A page of them. @throws experiments.experiment.not_found, experiments.search.invalid */
export async function listLabelSchemas(
  scope: Scope,
  experimentId: number,
  page: { limit: number; token?: string | undefined },
): Promise<{ schemas: model.LabelSchema[]; next: string | null }> {
  if (!Number.isInteger(page.limit) || page.limit < 1 || page.limit > 50_000) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 50000.');
  }
  const offset = decodeOffset(page.token);
  const all = await labelSchemasOf(scope, experimentId);
  const end = offset + page.limit;
  return { schemas: all.slice(offset, end), next: all.length > end ? encodeOffset(end) : null };
}

/** @throws experiments.label_schema.not_found */
export async function getLabelSchema(scope: Scope, id: string): Promise<model.LabelSchema> {
  const row = await rows(scope.db).where('id', '=', id).executeTakeFirst();
  if (row) return model.toLabelSchema(row);
  const found = await defaultById(scope, id);
  if (!found) throw missing();
  return found;
}

async function defaultById(scope: Scope, id: string): Promise<model.LabelSchema | null> {
  const experimentId = model.experimentOfDefault(id);
  if (experimentId === null) return null;
  const experiment = await activeExperiment(scope, experimentId);
  return model.defaultSchema(experimentId, experiment.created_at);
}

/** @throws experiments.label_schema.not_found, experiments.experiment.not_found */
export async function getLabelSchemaByName(
  scope: Scope,
  experimentId: number,
  name: string,
): Promise<model.LabelSchema> {
  const found = (await labelSchemasOf(scope, experimentId)).find((one) => one.name === name);
  if (!found) throw missing();
  return found;
}

/** @throws experiments.input.invalid, experiments.label_schema.exists, experiments.experiment.not_found */
export async function createLabelSchema(
  scope: Scope,
  input: Pick<model.LabelSchema, 'experimentId' | 'name' | 'type' | 'instruction' | 'comments' | 'input'>,
): Promise<model.LabelSchema> {
  authorise(scope, 'experiments.write');
  model.checkSchemaName(input.name);
  model.checkInstruction(input.instruction);
  model.checkInput(input.input);
  return transact(scope, async (tx) => {
    await activeExperiment(tx, input.experimentId);
    await lockExperiments(tx.db, [input.experimentId]);
    const now = tx.now();
    const made = await tx.db
      .insertInto('experiments_label_schemas')
      .values({
        id: `ls-${randomUUID().replaceAll('-', '')}`,
        experiment_id: input.experimentId,
        name: input.name,
        type: input.type,
        instruction: input.instruction,
        comments: input.comments ? 1 : 0,
        input: JSON.stringify(input.input),
        created_by: null,
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.columns(['experiment_id', 'name']).doNothing())
      .returningAll()
      .executeTakeFirst();
    if (!made) throw taken(input.name);
    await note(tx, 'created', made);
    return model.toLabelSchema(made);
  });
}

const note = (tx: Scope, what: string, { id, name, experiment_id }: model.LabelSchemaRow) =>
  record(tx, {
    type: `experiments.label_schema.${what}`,
    subject: `label-schema:${id}`,
    data: { schema: id, experiment: experiment_id, name },
  });

export type LabelSchemaChange = {
  name?: string | undefined;
  instruction?: string | undefined;
  comments?: boolean | undefined;
  input?: model.LabelInput | undefined;
};

/** Changes what is given. @throws experiments.label_schema.not_found, experiments.input.invalid, experiments.label_schema.exists */
export async function updateLabelSchema(
  scope: Scope,
  id: string,
  change: LabelSchemaChange,
): Promise<model.LabelSchema> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const before = await getLabelSchema(tx, id);
    refuseDefault(before);
    const { name, instruction, comments, input } = change;
    if (name !== undefined) model.checkSchemaName(name);
    if (instruction !== undefined) model.checkInstruction(instruction);
    if (input !== undefined) model.checkInputChange(before.input, input);
    if (name !== undefined && name !== before.name) {
      await lockExperiments(tx.db, [before.experimentId]);
      const other = await rows(tx.db)
        .where('experiment_id', '=', before.experimentId)
        .where('name', '=', name)
        .executeTakeFirst();
      if (other) throw taken(name);
    }
    const row = await tx.db
      .updateTable('experiments_label_schemas')
      .set({
        updated_at: tx.now(),
        ...(name !== undefined && { name }),
        ...(instruction !== undefined && { instruction }),
        ...(comments !== undefined && { comments: comments ? 1 : 0 }),
        ...(input !== undefined && { input: JSON.stringify(input) }),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw missing();
    await note(tx, 'updated', row);
    return model.toLabelSchema(row);
  });
}

function refuseDefault({ isDefault, name }: model.LabelSchema): void {
  if (isDefault) {
    throw experimentsError(
      'experiments.input.invalid',
      `“${name}” is the question that every experiment has; it stays as it is.`,
    );
  }
}

/** Takes a question away; answers that were given stay. Nothing happens when it is not there. */
export async function deleteLabelSchema(scope: Scope, id: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const row = await tx.db
      .deleteFrom('experiments_label_schemas')
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row) return note(tx, 'deleted', row);
    const found = await defaultById(tx, id);
    if (found) refuseDefault(found);
  });
}
