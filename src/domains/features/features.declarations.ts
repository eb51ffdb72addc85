import type { Declarable } from '../../platform/module.ts';
import { FeatureServiceDefinition } from './features.contract.ts';
import { defineService, listDefinitions } from './features.service.ts';
import type { OnlineStore } from './online/online-store.ts';

/** `features:` of houston.yaml. */
export function featuresDeclarable(online: OnlineStore): Declarable {
  return {
    kind: 'features',
    schema: FeatureServiceDefinition,
    order: 20,
    list: listDefinitions,
    async apply(tx, name, spec) {
      await defineService(tx, online, name, spec as unknown as FeatureServiceDefinition);
    },
  };
}
