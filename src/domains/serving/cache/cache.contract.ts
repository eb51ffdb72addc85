import Type from 'typebox';
import { Nullable } from '../../../platform/schemas.ts';

/** Answers that may be given again to the same input; off unless declared. */
export const CacheSpec = Type.Object(
  {
    maxBytes: Type.Optional(
      Type.Integer({ minimum: 1024, maximum: 2 ** 40, description: 'Memory for answers; default 64 MB' }),
    ),
    maxEntries: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Answers kept; default a million' }),
    ),
    ttlSeconds: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 31_536_000,
        description: 'Age at which an answer is made anew; needed for a model that runs elsewhere',
      }),
    ),
  },
  { additionalProperties: false },
);

/** What a cache holds and what it has saved. */
export const CacheReply = Type.Object({
  entries: Type.Integer(),
  bytes: Type.Integer(),
  maxBytes: Type.Integer(),
  maxEntries: Type.Integer(),
  ttlSeconds: Nullable(Type.Number()),
  hits: Type.Integer({ description: 'Requests that it answered, since the start' }),
  misses: Type.Integer(),
  hitShare: Nullable(Type.Number()),
  savedMs: Type.Number({ description: 'What the runs behind the hits had taken' }),
  evicted: Type.Integer({ description: 'Answers that gave their room to others' }),
  expired: Type.Integer({
    description: 'Answers that were older than ttlSeconds when they were asked for',
  }),
});

export const ClearedCacheReply = Type.Object({ entries: Type.Integer(), bytes: Type.Integer() });
