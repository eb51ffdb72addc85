import Type, { type Static } from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';
import { ExperimentName, RunStatusSchema } from '../experiments.contract.ts';

const RunId = Type.String({ pattern: '^[0-9a-f]{32}$' });

export const FIELD_HINT = '"metrics.KEY", "params.KEY" or "tags.KEY"';
/** Databases store no null character. */
const pattern = '^[^\\u0000]*$';
export const TableField = Type.String({ minLength: 1, maxLength: 300, pattern, description: FIELD_HINT });
const Stage = Type.Union([Type.Literal('active'), Type.Literal('deleted')]);

const filterAndOrder = {
  filter: Type.Optional(
    Type.String({ maxLength: 10_000, description: `The filter language of runs: "metrics.auc > 0.7"` }),
  ),
  stage: Type.Optional(Stage),
};
const order = Type.Optional(
  Type.String({ maxLength: 300, description: 'For example "metrics.auc DESC"; the newest first by default' }),
);
export const Named = Type.Object({ name: ExperimentName });

export const WindowBody = Type.Object(
  {
    ...filterAndOrder,
    order,
    columns: Type.Optional(Type.Array(TableField, { maxItems: 250 })),
    offset: Type.Optional(Type.Integer({ minimum: 0, default: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 0, maximum: 500, default: 100 })),
    snapshot: Type.Optional(
      Type.String({ maxLength: 64, description: 'Of an earlier window: the same runs in the same order' }),
    ),
    nested: Type.Optional(Type.Boolean({ description: 'Children below their parents, hidden unless open' })),
    open: Type.Optional(Type.Array(RunId, { maxItems: 1000, description: 'Parents whose children show' })),
  },
  { additionalProperties: false },
);
export type WindowInput = Static<typeof WindowBody>;

const TableRow = Type.Object({
  id: Type.String(),
  name: Type.String(),
  status: RunStatusSchema,
  startedAt: Time,
  endedAt: Nullable(Time),
  user: Type.String(),
  parent: Nullable(Type.String()),
  depth: Type.Integer(),
  children: Type.Integer(),
  cells: Type.Unsafe<(number | string | null)[]>(
    Type.Array(Type.Unknown(), { description: 'In the order of `columns`; null where there is none' }),
  ),
});
export const WindowReply = Type.Object({
  total: Type.Integer(),
  snapshot: Type.String(),
  tookMs: Type.Number(),
  rows: Type.Array(TableRow),
});

const KeyCount = Type.Object({ key: Type.String(), runs: Type.Integer() });
export const CatalogueReply = Type.Object({
  runs: Type.Integer(),
  counted: Type.Integer({ description: 'Runs counted so far, the newest first; ask again for the rest' }),
  metrics: Type.Array(KeyCount),
  params: Type.Array(KeyCount),
  tags: Type.Array(KeyCount),
});
export const ValuesQuery = Type.Object({ field: TableField }, { additionalProperties: false });
export const ValuesReply = Type.Object({
  items: Type.Array(Type.Object({ value: Type.String(), runs: Type.Integer() })),
});

export const GroupsBody = Type.Object(
  {
    ...filterAndOrder,
    by: Type.String({
      maxLength: 300,
      pattern,
      description: '"params.KEY", "tags.KEY", "status", "user" or "parent"',
    }),
    metrics: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 250, pattern }), { maxItems: 10 }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
  },
  { additionalProperties: false },
);
export type GroupsInput = Static<typeof GroupsBody>;
const Spread = Type.Object({
  key: Type.String(),
  runs: Type.Integer(),
  mean: Nullable(Type.Number()),
  min: Nullable(Type.Number()),
  max: Nullable(Type.Number()),
});
export const GroupsReply = Type.Object({
  groups: Type.Integer(),
  items: Type.Array(
    Type.Object({
      value: Nullable(Type.String()),
      label: Nullable(Type.String()),
      runs: Type.Integer(),
      metrics: Type.Array(Spread),
    }),
  ),
});

export const CsvQuery = Type.Object(
  {
    ...filterAndOrder,
    order,
    columns: Type.Optional(
      Type.String({ maxLength: 60_000, pattern, description: `Fields joined by commas: ${FIELD_HINT}` }),
    ),
  },
  { additionalProperties: false },
);

export const ReadRunsBody = Type.Object(
  { ids: Type.Array(RunId, { minItems: 1, maxItems: 100 }) },
  { additionalProperties: false },
);
export const StageBody = Type.Object(
  { ids: Type.Array(RunId, { minItems: 1, maxItems: 1000 }), stage: Stage },
  { additionalProperties: false },
);
export const StageReply = Type.Object({ changed: Type.Integer() });
/** One type of two, not a choice of two types: a choice would read null as an empty text. */
const TextOrNull = Type.Unsafe<string | null>({ type: ['string', 'null'], pattern });

export const RunChangeBody = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 250, pattern })),
    description: Type.Optional(Type.String({ maxLength: 8000, pattern })),
    tags: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 250 }), TextOrNull, {
        description: 'A value sets a tag, null removes it',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RunChangeInput = Static<typeof RunChangeBody>;

/** What a run came from and what came from it, beyond its own reply. */
export const RelatedReply = Type.Object({
  stage: Stage,
  user: Type.String(),
  parent: Nullable(Type.Object({ id: Type.String(), name: Type.String() })),
  children: Type.Array(Type.Object({ id: Type.String(), name: Type.String(), status: RunStatusSchema })),
  childCount: Type.Integer(),
  datasets: Type.Array(
    Type.Object({
      name: Type.String(),
      digest: Type.String(),
      context: Nullable(Type.String()),
      source: Type.String(),
      schema: Nullable(Type.String()),
      profile: Nullable(Type.String()),
    }),
  ),
  models: Type.Array(
    Type.Object({
      id: Type.String(),
      name: Type.String(),
      status: Type.String(),
      direction: Type.String(),
      files: Type.Array(
        Type.Object({
          path: Type.String(),
          digest: Type.String(),
          size: Type.Integer(),
          mediaType: Type.String(),
        }),
      ),
    }),
  ),
});
