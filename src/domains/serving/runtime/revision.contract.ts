import Type from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';
import { RuntimeSpec } from './runtime.contract.ts';

/** What answers requests: immutable, a version with its features and runtime settings. */
export const RevisionReply = Type.Object({
  id: Type.String(),
  model: Type.String(),
  version: Type.Integer(),
  digest: Type.String(),
  featureService: Nullable(Type.String({ description: 'NAME@DIGEST12' })),
  features: Type.Array(Type.String()),
  settings: RuntimeSpec,
  models: Nullable(
    Type.Array(
      Type.Object({
        node: Type.String(),
        model: Type.String(),
        version: Type.Integer(),
        digest: Type.String(),
      }),
      { description: 'Of a graph, what each of its nodes runs; null for a single model' },
    ),
  ),
  createdAt: Time,
});
