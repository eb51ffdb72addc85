import Type, { type Static } from 'typebox';

export const EntityValues = Type.Record(
  Type.String({ minLength: 1, maxLength: 200 }),
  Type.Union([Type.String({ minLength: 1, maxLength: 1000 }), Type.Number(), Type.Boolean()]),
  { minProperties: 1, maxProperties: 5, description: 'Column and value; all must agree' },
);

export const ErasureBody = Type.Object(
  {
    entity: EntityValues,
    delete: Type.Optional(Type.Boolean({ description: 'Do it; without, only say what would go' })),
  },
  { additionalProperties: false },
);

export const ErasureCounts = Type.Object({
  predictions: Type.Integer({ description: 'Rows whose inputs, features and score are emptied' }),
  requests: Type.Integer({
    description: 'Requests that lose their id with it: all their rows are of this entity',
  }),
  pairs: Type.Integer(),
  feedback: Type.Integer(),
  events: Type.Record(Type.String(), Type.Integer(), { description: 'Online events by feature service' }),
});
export type ErasureCountsBody = Static<typeof ErasureCounts>;

export const ErasurePlan = Type.Object({
  plan: ErasureCounts,
  notes: Type.Array(Type.String(), { description: 'What this cannot find' }),
});

export const ErasureState = Type.Object({
  id: Type.String(),
  state: Type.String(),
  progress: Type.Union([Type.Number(), Type.Null()]),
  note: Type.Union([Type.String(), Type.Null()]),
  error: Type.Union([Type.String(), Type.Null()]),
  result: Type.Union([ErasureCounts, Type.Null()]),
});

export const Expired = Type.Object({
  predictions: Type.Integer(),
  pairs: Type.Integer(),
  feedback: Type.Integer(),
  fields: Type.Record(Type.String(), Type.Integer()),
  files: Type.Integer(),
});
