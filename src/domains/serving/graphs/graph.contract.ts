import Type, { type Static } from 'typebox';
import { Nullable } from '../../../platform/schemas.ts';
import { RuntimeSpec } from '../runtime/runtime.contract.ts';

/** The most nodes of a graph. */
export const mostNodes = 32;

const Reference = Type.String({
  minLength: 1,
  maxLength: 300,
  description: 'NODE, NODE.OUTPUT, request.FIELD, features.NAME, or the bare name of a field or feature',
});
const Expression = Type.String({
  minLength: 1,
  maxLength: 4000,
  description: 'Over fields, features, nodes',
});
const Plain = Type.Union([Type.Number(), Type.Boolean(), Type.String({ maxLength: 1000 })]);
const strict = { additionalProperties: false } as const;

/** One value of a transform: an expression, or one of a few operations on an expression. */
const TransformValue = Type.Union([
  Expression,
  Type.Object(
    { clip: Expression, low: Type.Optional(Type.Number()), high: Type.Optional(Type.Number()) },
    strict,
  ),
  Type.Object(
    { round: Expression, digits: Type.Optional(Type.Integer({ minimum: 0, maximum: 12 })) },
    strict,
  ),
  Type.Object(
    {
      threshold: Expression,
      at: Type.Number(),
      labels: Type.Optional(
        Type.Array(Plain, { minItems: 2, maxItems: 2, description: 'Below, and at or above' }),
      ),
    },
    strict,
  ),
  Type.Object(
    {
      calibrate: Expression,
      slope: Type.Optional(Type.Number({ description: 'On the log-odds (Platt)' })),
      intercept: Type.Optional(Type.Number()),
      points: Type.Optional(
        Type.Array(Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }), {
          minItems: 2,
          maxItems: 1000,
          description: 'Pairs of score and probability, straight between them (isotonic)',
        }),
      ),
    },
    strict,
  ),
  Type.Object(
    {
      lookup: Expression,
      table: Type.Record(Type.String({ maxLength: 300 }), Plain),
      default: Type.Optional(Plain),
    },
    strict,
  ),
  Type.Object(
    {
      argmax: Reference,
      labels: Type.Optional(Type.Array(Type.String({ maxLength: 300 }), { minItems: 2, maxItems: 10_000 })),
    },
    strict,
  ),
]);
export type TransformValueInput = Static<typeof TransformValue>;

/** One node; exactly one of model, ensemble, switch, split and transform says what it is. */
export const GraphNodeSpec = Type.Object(
  {
    model: Type.Optional(
      Type.String({ minLength: 1, maxLength: 260, description: 'NAME, NAME:3 or NAME@alias' }),
    ),
    ensemble: Type.Optional(
      Type.Union(
        [
          Type.Literal('mean'),
          Type.Literal('median'),
          Type.Literal('max'),
          Type.Literal('min'),
          Type.Literal('vote'),
        ],
        { description: 'How the outputs of the nodes under `of` become one' },
      ),
    ),
    switch: Type.Optional(
      Type.Array(Type.Object({ when: Expression, use: Reference }, strict), {
        minItems: 1,
        maxItems: 16,
        description: 'The first condition that holds for a row picks its branch; only that one runs',
      }),
    ),
    split: Type.Optional(
      Type.Array(Type.Object({ use: Reference, weight: Type.Number({ exclusiveMinimum: 0 }) }, strict), {
        minItems: 2,
        maxItems: 16,
        description: 'Sends each row one way by a hash of `by`, in these proportions',
      }),
    ),
    transform: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 128 }), TransformValue, {
        minProperties: 1,
        description: 'Outputs by name, one value a row each',
      }),
    ),
    inputs: Type.Optional(
      Type.Record(
        Type.String({ maxLength: 300 }),
        Type.Union([Reference, Type.Array(Reference, { minItems: 1, maxItems: 4096 })]),
        { description: "model: where each input comes from; else: names for the expressions' columns" },
      ),
    ),
    of: Type.Optional(Type.Array(Reference, { minItems: 1, maxItems: mostNodes })),
    weights: Type.Optional(
      Type.Array(Type.Number({ minimum: 0 }), {
        minItems: 1,
        maxItems: mostNodes,
        description: 'In the order of `of`; default: equal',
      }),
    ),
    default: Type.Optional(Reference),
    by: Type.Optional(Expression),
    onError: Type.Optional(
      Type.Union(
        [
          Type.Literal('fail'),
          Type.Literal('skip'),
          Type.Object(
            {
              default: Type.Record(
                Type.String(),
                Type.Union([Plain, Type.Array(Plain, { maxItems: 10_000 })]),
              ),
            },
            strict,
          ),
        ],
        {
          description:
            'fail: the request goes to the fallback; skip: ensembles leave it out, expressions see null; default: these outputs',
        },
      ),
    ),
    runtime: Type.Optional(RuntimeSpec),
  },
  strict,
);
export type GraphNodeInput = Static<typeof GraphNodeSpec>;

const OutputDatatype = Type.Union([
  Type.Literal('FP32'),
  Type.Literal('FP64'),
  Type.Literal('INT32'),
  Type.Literal('INT64'),
  Type.Literal('BOOL'),
  Type.Literal('BYTES'),
]);

/** A graph of nodes that answers instead of one model. */
export const GraphSpec = Type.Object(
  {
    inputs: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1, maxLength: 128 }),
        Type.Union([Type.Literal('number'), Type.Literal('string'), Type.Literal('boolean')]),
        { description: 'Fields of a request that no model takes, with their types' },
      ),
    ),
    nodes: Type.Record(Type.String({ minLength: 1, maxLength: 64 }), GraphNodeSpec, { minProperties: 1 }),
    output: Type.Optional(Reference),
    outputs: Type.Optional(
      Type.Record(
        Type.String({ minLength: 1, maxLength: 128 }),
        Type.Union([
          Reference,
          Type.Object(
            {
              of: Reference,
              datatype: Type.Optional(OutputDatatype),
              column: Type.Optional(
                Type.Boolean({ description: 'Shape [-1, 1] instead of [-1], as most models answer' }),
              ),
            },
            strict,
          ),
        ]),
        { minProperties: 1, description: 'Names of what callers get, and where it comes from' },
      ),
    ),
  },
  strict,
);
export type GraphSpecInput = Static<typeof GraphSpec>;

/** A node as it is drawn. */
const DrawnNode = Type.Object({
  name: Type.String(),
  kind: Type.String({ description: 'model, ensemble, switch, split or transform' }),
  model: Nullable(Type.String()),
  version: Nullable(Type.Integer()),
  digest: Nullable(Type.String()),
  summary: Type.String({ description: 'What it does, in a few words' }),
  onError: Type.String(),
});
const DrawnEdge = Type.Object({
  from: Type.String(),
  to: Type.String(),
  kind: Type.Union([Type.Literal('data'), Type.Literal('branch'), Type.Literal('condition')]),
  label: Type.String(),
});
const Spec = Type.Object({
  name: Type.String(),
  datatype: Type.String(),
  shape: Type.Array(Type.Integer()),
});

/** The drawing of a graph; the node `request` stands for the caller, `reply` for the answer. */
export const GraphDrawing = Type.Object({
  nodes: Type.Array(DrawnNode),
  edges: Type.Array(DrawnEdge),
});

/** What a checked graph looks like, and what is wrong with it. */
export const GraphCheckReply = Type.Object({
  errors: Type.Array(
    Type.Object({ node: Nullable(Type.String()), message: Type.String(), next: Type.String() }),
  ),
  drawing: Nullable(GraphDrawing),
  inputs: Nullable(Type.Array(Spec)),
  outputs: Nullable(Type.Array(Spec)),
});

export const GraphCheckBody = Type.Object(
  {
    graph: Type.Unknown({ description: 'As under `graph:` in houston.yaml' }),
    features: Type.Optional(Type.String({ maxLength: 128 })),
  },
  strict,
);

const NodeTraffic = Type.Object({
  name: Type.String(),
  placement: Nullable(Type.String()),
  runs: Type.Integer(),
  rows: Type.Integer(),
  failedRows: Type.Integer({ description: 'Rows that onError left out or gave the default' }),
  p50Ms: Nullable(Type.Number()),
  p99Ms: Nullable(Type.Number()),
  branches: Type.Array(
    Type.Object({ to: Type.String(), rows: Type.Integer(), share: Nullable(Type.Number()) }),
  ),
});

/** The graphs that serve for a deployment now, with what ran in them since the start. */
export const DeploymentGraphsReply = Type.Object({
  items: Type.Array(
    Type.Object({
      arm: Type.String(),
      revision: Type.String(),
      version: Type.Integer(),
      drawing: GraphDrawing,
      spec: GraphSpec,
      inputs: Type.Array(Spec),
      outputs: Type.Array(Spec),
      traffic: Type.Array(NodeTraffic),
    }),
  ),
});

const Cell = Nullable(Type.Union([Type.Number(), Type.Boolean(), Type.String()]));

/** What the nodes of a graph gave for one recorded prediction. */
export const PredictionGraphReply = Type.Object({
  revision: Type.String(),
  drawing: GraphDrawing,
  path: Nullable(
    Type.String({ description: 'What was recorded: the branches taken and the nodes that failed' }),
  ),
  nodes: Type.Array(
    Type.Object({
      name: Type.String(),
      ran: Type.Boolean(),
      failed: Type.Boolean(),
      branch: Nullable(Type.String()),
      outputs: Type.Record(Type.String(), Type.Array(Cell)),
    }),
  ),
});
