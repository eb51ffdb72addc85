import type { Json } from '../../platform/json.ts';
import type { Declarable } from '../../platform/module.ts';
import { ModelSpec, type ModelSpecInput } from './registry.contract.ts';
import { listModels, putModel } from './registry.service.ts';

/** `models:` of houston.yaml. */
export const modelsDeclarable: Declarable = {
  kind: 'models',
  schema: ModelSpec,
  order: 30,
  async list(scope) {
    const models = await listModels(scope);
    return Object.fromEntries(
      models.map(({ name, description, owner, risk, gate, tags }) => [
        name,
        {
          description,
          owner,
          ...(risk && { risk: { probability: risk.probability, impact: risk.impact } }),
          gate,
          tags,
        } as Json,
      ]),
    );
  },
  async apply(tx, name, spec) {
    await putModel(tx, name, spec as ModelSpecInput);
  },
};
