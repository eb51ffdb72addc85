import Type from 'typebox';

/** Another server that runs the model; it must be among those that the operator allows. */
export const UpstreamSpec = Type.Object(
  {
    url: Type.String({ minLength: 1, maxLength: 2000, description: 'Address of the server' }),
    protocol: Type.Union([Type.Literal('open-inference'), Type.Literal('mlflow')], {
      description: 'open-inference: Triton, MLServer, KServe, Houston; mlflow: mlflow models serve',
    }),
    model: Type.Optional(
      Type.String({ minLength: 1, maxLength: 260, description: 'Its name there; default: its name here' }),
    ),
  },
  { additionalProperties: false },
);

export const RuntimeSpec = Type.Object(
  {
    threads: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
    placement: Type.Optional(
      Type.Union([
        Type.Literal('auto'),
        Type.Literal('inline'),
        Type.Literal('worker'),
        Type.Literal('process'),
      ]),
    ),
    workers: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 10, maximum: 600_000 })),
    memoryMb: Type.Optional(
      Type.Integer({
        minimum: 128,
        maximum: 1_000_000,
        description: 'Memory of one process of placement process; default: 512 + 4 × the size of the model',
      }),
    ),
    upstream: Type.Optional(UpstreamSpec),
  },
  { additionalProperties: false },
);
