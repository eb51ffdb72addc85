import Type from 'typebox';
import type { StepKind } from '../../platform/engines/steps.ts';
import { deploy } from './deployments.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import type { ServingState } from './serving.state.ts';

const inputs = Type.Object(
  {
    deployment: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    model: Type.String({ minLength: 1, maxLength: 128 }),
    version: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.String({ maxLength: 70 })])),
  },
  { additionalProperties: false },
);

/** `serving/deploy`: starts the rollout of a model version. Running it twice finds the first rollout again. */
export function servingSteps(state: ServingState, controller: RolloutController): StepKind[] {
  return [
    {
      name: 'serving/deploy',
      version: '1',
      summary: 'Brings a model version into a deployment',
      runs: 'server',
      inputs,
      cached: false,
      async execute({ scope, input, log }) {
        const model = String(input.model);
        const name = String(input.deployment ?? model);
        const version = input.version === undefined ? '' : String(input.version);
        const reference =
          version === '' ? model : version.startsWith('@') ? `${model}${version}` : `${model}:${version}`;
        const rollout = await deploy(state, controller, scope, name, { model: reference });
        log(`Rollout ${rollout.id} of ${reference} in ${name}: ${rollout.state}. ${rollout.reason}`);
        return {
          outputs: { deployment: name, rolloutId: rollout.id, state: rollout.state },
          uses: [`rollout:${rollout.id}`],
        };
      },
    },
  ];
}
