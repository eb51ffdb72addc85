import Type, { type Static } from 'typebox';
import type { Json, JsonObject } from '../../platform/json.ts';
import type { Declarable } from '../../platform/module.ts';
import { ExpectationInput, textPattern as pattern } from './data.contract.ts';
import { putDataset } from './data.service.ts';
import * as store from './data.store.ts';

const DatasetSpec = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 4000, pattern })),
    event_time: Type.Optional(
      Type.String({ maxLength: 256, pattern, description: 'Column that says when a row happened' }),
    ),
    owner: Type.Optional(Type.String({ maxLength: 256, pattern })),
    expectations: Type.Optional(
      Type.Array(ExpectationInput, { description: 'Rules in the words of Great Expectations' }),
    ),
  },
  { additionalProperties: false },
);

/** `datasets:` of houston.yaml. */
export const datasetsDeclarable: Declarable = {
  kind: 'datasets',
  order: 10,
  schema: DatasetSpec,
  async list(scope) {
    const datasets = await store.listDatasets(scope.db);
    return Object.fromEntries(
      datasets.map(({ name, description, eventTime, owner, declared }) => {
        const spec: JsonObject = { description, owner, expectations: declared };
        return [name, eventTime === null ? spec : { ...spec, event_time: eventTime }];
      }),
    );
  },
  async apply(tx, name, spec) {
    const { description, event_time: eventTime, owner, expectations } = spec as Static<typeof DatasetSpec>;
    await putDataset(tx, name, {
      ...(description !== undefined && { description }),
      ...(eventTime !== undefined && { eventTime }),
      ...(owner !== undefined && { owner }),
      ...(expectations !== undefined && { expectations: expectations as unknown as Json }),
    });
  },
};
