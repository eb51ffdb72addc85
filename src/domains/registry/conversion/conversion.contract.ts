import Type, { type Static } from 'typebox';
import { defineErrors } from '../../../platform/errors.ts';
import { Nullable } from '../../../platform/schemas.ts';

/** Flavors that conversion knows. */
export const CONVERTIBLE = ['sklearn', 'xgboost', 'lightgbm', 'pytorch', 'onnx'] as const;
export type ConvertibleFlavor = (typeof CONVERTIBLE)[number];

const Count = Type.Integer({ minimum: 0 });
const Size = Type.Number({ minimum: 0 });

/** What the process of a conversion found out about a model and its twin. */
export const ParitySchema = Type.Object(
  {
    maxAbsolute: Size,
    maxRelative: Type.Number({
      minimum: 0,
      description: 'To the value, or to the root mean square of its output where that is larger',
    }),
    labelMismatches: Count,
    tolerance: Type.Number({ minimum: 0, description: 'Largest relative difference that is allowed' }),
    comparedOutputs: Type.Array(Type.String({ maxLength: 300 }), { maxItems: 100 }),
    rows: Type.Object(
      {
        example: Type.Optional(Count),
        drawn: Type.Optional(Count),
      },
      {
        additionalProperties: false,
        description: 'Rows of the logged input example, and rows drawn from the signature',
      },
    ),
    form: Type.String({
      maxLength: 30,
      description: 'Inputs of the twin: matrix, joined (one matrix in front of columns), columns or tensor',
    }),
    ranCode: Type.Boolean({ description: 'Whether loading the model ran code of its own' }),
    versions: Type.Record(Type.String({ maxLength: 100 }), Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
);
export type Parity = Static<typeof ParitySchema>;

export const ConversionState = Type.Union([
  Type.Literal('queued'),
  Type.Literal('running'),
  Type.Literal('converted'),
  Type.Literal('failed'),
]);

const Failure = Type.Object({ code: Type.String(), message: Type.String(), next: Type.String() });
export type ConversionFailure = Static<typeof Failure>;

export const ConversionReply = Type.Object({
  id: Type.String(),
  state: ConversionState,
  flavor: Type.String(),
  mayRunCode: Type.Boolean({ description: 'Whether whoever asked may let code of the model run' }),
  progress: Nullable(Type.Number({ minimum: 0, maximum: 1 })),
  note: Nullable(Type.String()),
  error: Nullable(Failure),
  parity: Nullable(ParitySchema),
  actor: Type.String(),
  createdAt: Type.String({ format: 'date-time' }),
  endedAt: Nullable(Type.String({ format: 'date-time' })),
});

/** The state of the Python that conversions run in. */
export const EnvironmentReply = Type.Object({
  mode: Type.Union([Type.Literal('off'), Type.Literal('ask'), Type.Literal('auto')]),
  python: Nullable(Type.String({ description: 'Version; null when none was found' })),
  packages: Type.Array(
    Type.Object({ name: Type.String(), wanted: Type.String(), found: Nullable(Type.String()) }),
  ),
  ready: Type.Boolean(),
  requirements: Type.String({ description: 'Text of the locked requirements' }),
});

export const conversionError = defineErrors({
  'registry.conversion.not_found': { status: 404, next: 'Ask for a conversion of the version first.' },
  'registry.conversion.off': {
    status: 409,
    next: 'Start the server with --conversion ask (or auto), or register the model as ONNX.',
  },
  'registry.conversion.unsupported': { status: 409, next: 'Log the model as ONNX and register that.' },
  'registry.conversion.no_python': {
    status: 409,
    next: 'Make a Python with what "houston models convert --requirements" prints; start the server with --python.',
  },
});
