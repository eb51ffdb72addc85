import Type, { type Static } from 'typebox';

const Days = Type.Integer({ minimum: 1, maximum: 36_500 });
const Redaction = Type.Union([Type.Literal('drop'), Type.Literal('hash'), Type.Literal('mask')]);

/** What the prediction log keeps of a deployment, and for how long; without it, everything for good. */
export const RecordingSpec = Type.Object(
  {
    sample: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description: 'Share of requests, by a hash of the id, that are recorded with what they carried',
      }),
    ),
    retentionDays: Type.Optional({ ...Days, description: 'Records older than this are removed, once a day' }),
    fields: Type.Optional(
      Type.Record(
        Type.String({ maxLength: 200 }),
        Type.Union([
          Redaction,
          Type.Object(
            { redact: Type.Optional(Redaction), retentionDays: Type.Optional(Days) },
            { additionalProperties: false },
          ),
        ]),
        {
          description:
            'By request column or feature: drop, hash (keyed) or mask it before it is written; keep it for fewer days',
        },
      ),
    ),
  },
  { additionalProperties: false },
);
export type RecordingSpecInput = Static<typeof RecordingSpec>;

/** Request columns that name a person or thing; outcomes and erasures can then go by them. */
export const EntitySpec = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
  minItems: 1,
  maxItems: 5,
  description: 'Request columns that name who or what the prediction is about',
});
