import type { ServingDoor } from '../../domains/serving/index.ts';
import type { Scope } from '../../platform/scope.ts';
import { OipError } from './errors.ts';

/**
 * The repository extension's load: deploys what the deployment declares, or the newest version of the model of that
 * name, under the rules of its rollout; nothing changes when that version answers already.
 * @throws OipError 501 for a configuration or files in the request, 409 when the version has to wait
 */
export async function loadModel(
  serving: ServingDoor,
  scope: Scope,
  model: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (Object.keys(parameters).length > 0) {
    throw new OipError(
      'Models and their settings come from the registry, not with the request; register a version, then load it.',
      501,
    );
  }
  const rollout = await serving.deploy(scope, model, {});
  if (!serving.isReady(model)) throw new OipError(`The model is not loaded: ${rollout.reason}`, 409);
}

/**
 * The repository extension's unload: takes the deployment off the air and gives its memory back, until a load or the
 * next start. What is declared and recorded stays.
 */
export async function unloadModel(serving: ServingDoor, scope: Scope, model: string): Promise<void> {
  await serving.unload(scope, model);
}
