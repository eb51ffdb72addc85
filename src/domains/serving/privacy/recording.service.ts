import type { Scope } from '../../../platform/scope.ts';
import { revisionsOf } from '../routing/route.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { DeploymentSpecInput } from '../serving.contract.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import { fieldHash } from './install-secret.ts';
import { privacyError } from './privacy.errors.ts';
import { fieldRules, isOfField, recordingPolicy } from './recording-policy.ts';

/** Makes what a deployment declares about its records hold from the next request on. */
export function applyRecording(state: ServingState, name: string, spec: DeploymentSpecInput): void {
  const featuresOf = (revision: string) =>
    revisionsOf(state.route(name)).find((live) => live.revision.id === revision)?.revision.features;
  state.log(name).policy = recordingPolicy(spec, { hash: fieldHash(state.platform.config), featuresOf });
}

/** Features that are recorded as missing, because their deployment says so now. */
export async function hiddenFeatures(scope: Scope, name: string): Promise<string[]> {
  const deployment = await store.getDeployment(scope.db, name);
  const fields = [...fieldRules(deployment?.spec.recording)].filter(([, rule]) => rule.redact !== null);
  if (fields.length === 0) return [];
  const revisions = await store.listRevisions(scope.db, name);
  const names = new Set(revisions.flatMap(({ features }) => features));
  return [...names].filter((feature) => fields.some(([field]) => isOfField(feature, field)));
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
