import Type from 'typebox';
import { Nullable, Time } from '../../../platform/schemas.ts';

/** What a version was made from and what was made from it; an edge points from the source to what was made of it. */
export const LineageReply = Type.Object({
  nodes: Type.Array(
    Type.Object({
      id: Type.String({ description: 'A ledger subject' }),
      kind: Type.String(),
      name: Type.String(),
      event: Nullable(Type.String()),
      time: Nullable(Time),
    }),
  ),
  edges: Type.Array(Type.Object({ from: Type.String(), to: Type.String() })),
});
