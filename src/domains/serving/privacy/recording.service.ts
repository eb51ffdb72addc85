import { revisionsOf } from '../routing/route.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { DeploymentSpecInput } from '../serving.contract.ts';
import type { ServingState } from '../serving.state.ts';
import { fieldHash } from './install-secret.ts';
import { privacyError } from './privacy.errors.ts';
import { fieldRules, isOfField, recordingPolicy } from './recording-policy.ts';

/** Makes what a deployment declares about its records hold from the next request on. */
export function applyRecording(state: ServingState, name: string, spec: DeploymentSpecInput): void {
  const featuresOf = (revision: string) =>
    revisionsOf(state.route(name)).find((live) => live.revision.id === revision)?.revision.features;
  state.log(name).policy = recordingPolicy(spec, { hash: fieldHash(state.platform.config), featuresOf });
}

/**
 * A rule for a field that does not exist would leave the one that was meant in the clear.
 * @throws serving.recording.field_unknown
 */
export function checkRecording(live: LiveRevision, spec: DeploymentSpecInput): void {
  const inputs = live.inputs.map(({ name }) => name);
  const { features } = live.revision;
  const unknown = [...fieldRules(spec.recording).keys(), ...(spec.entity ?? [])].find(
    (field) => !inputs.includes(field) && !features.some((name) => isOfField(name, field)),
  );
  if (unknown === undefined) return;
  throw privacyError(
    'serving.recording.field_unknown',
    `"${unknown}" is neither an input nor a feature: ${[...new Set([...inputs, ...features])].slice(0, 20).join(', ')}.`,
  );
}
