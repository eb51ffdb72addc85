import {
  type LabelInput,
  type LabelSchema,
  labelTypes,
  type TrackingDoor,
} from '../../domains/experiments/index.ts';
import { invalid, missing } from './errors.ts';
import { experimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

const inputs = ['pass_fail', 'categorical', 'numeric', 'text'] as const;

/** How reviewers answer: exactly one of the four kinds. @throws INVALID_PARAMETER_VALUE */
function readInput(fields: Fields): LabelInput {
  const given = inputs.filter((kind) => fields.has(kind));
  const [kind] = given;
  if (kind === undefined || given.length > 1) {
    throw invalid(fields.at('input'), `it is exactly one of ${inputs.join(', ')}.`);
  }
  const input = fields.optionalMessage(kind)!;
  const limit = (name: string) => (input.has(name) ? input.number(name) : null);
  if (kind === 'pass_fail') {
    return { kind, positive: input.text('positive_label'), negative: input.text('negative_label') };
  }
  if (kind === 'categorical') {
    return { kind, options: input.texts('options'), several: input.flag('multi_select') };
  }
  if (kind === 'numeric') return { kind, min: limit('min_value'), max: limit('max_value') };
  return { kind, longest: input.optionalInteger('max_length') ?? null };
}

function wireInput(input: LabelInput): object {
  if (input.kind === 'pass_fail') {
    return { pass_fail: { positive_label: input.positive, negative_label: input.negative } };
  }
  if (input.kind === 'categorical') {
    return { categorical: { options: input.options, multi_select: input.several } };
  }
  if (input.kind === 'numeric') {
    const { min, max } = input;
    return { numeric: { ...(min !== null && { min_value: min }), ...(max !== null && { max_value: max }) } };
  }
  return { text: input.longest === null ? {} : { max_length: input.longest } };
}

const wireSchema = (schema: LabelSchema) => ({
  schema_id: schema.id,
  experiment_id: String(schema.experimentId),
  name: schema.name,
  type: schema.type.toUpperCase(),
  ...(schema.instruction !== null && { instruction: schema.instruction }),
  enable_comment: schema.comments,
  input: wireInput(schema.input),
  ...(schema.createdBy !== null && { created_by: schema.createdBy }),
  created_at: schema.createdAt,
  last_updated_at: schema.updatedAt,
  is_default: schema.isDefault,
});

const typeNames = labelTypes.map((type) => type.toUpperCase() as Uppercase<typeof type>);

function typeOf(fields: Fields): LabelSchema['type'] {
  const type = fields.choice('type', typeNames, { 1: 'FEEDBACK', 2: 'EXPECTATION' });
  if (type === undefined) throw missing(fields.at('type'));
  return type === 'FEEDBACK' ? 'feedback' : 'expectation';
}

const since = 3;

/** Questions to reviewers of traces. */
export function labelSchemaRoutes({ labelSchemas }: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'label-schemas/create',
      handle: async (scope, fields) => {
        const input = fields.optionalMessage('input');
        if (!input) throw missing(fields.at('input'));
        const made = await labelSchemas.createLabelSchema(scope, {
          experimentId: experimentId(fields),
          name: fields.text('name'),
          type: typeOf(fields),
          instruction: fields.optionalText('instruction') ?? null,
          comments: fields.flag('enable_comment'),
          input: readInput(input),
        });
        return { label_schema: wireSchema(made) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'label-schemas/get',
      handle: async (scope, fields) => ({
        label_schema: wireSchema(await labelSchemas.getLabelSchema(scope, fields.text('schema_id'))),
      }),
    },
    {
      method: 'GET',
      since,
      path: 'label-schemas/get-by-name',
      handle: async (scope, fields) => {
        const found = await labelSchemas.getLabelSchemaByName(
          scope,
          experimentId(fields),
          fields.text('name'),
        );
        return { label_schema: wireSchema(found) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'label-schemas/list',
      handle: async (scope, fields) => {
        const { schemas, next } = await labelSchemas.listLabelSchemas(scope, experimentId(fields), {
          limit: fields.optionalInteger('max_results') ?? 100,
          token: fields.optionalText('page_token') || undefined,
        });
        return { label_schemas: schemas.map(wireSchema), ...(next && { next_page_token: next }) };
      },
    },
    {
      method: 'PATCH',
      since,
      path: 'label-schemas/update',
      handle: async (scope, fields) => {
        const input = fields.optionalMessage('input');
        const change = {
          name: fields.optionalText('name'),
          instruction: fields.optionalText('instruction'),
          comments: fields.has('enable_comment') ? fields.flag('enable_comment') : undefined,
          input: input && readInput(input),
        };
        const changed = await labelSchemas.updateLabelSchema(scope, fields.text('schema_id'), change);
        return { label_schema: wireSchema(changed) };
      },
    },
    {
      method: 'DELETE',
      since,
      path: 'label-schemas/delete',
      handle: async (scope, fields) => {
        await labelSchemas.deleteLabelSchema(scope, fields.text('schema_id'));
        return {};
      },
    },
  ];
}
