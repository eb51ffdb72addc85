import type { Scope } from '../../../platform/scope.ts';
import { sqlLiteral } from '../../../platform/tables/index.ts';
import { featureColumns } from '../predictions.service.ts';
import { inputNames, inputTextSql } from '../query/query-view.ts';
import { type FeatureColumn, featureSql } from '../recorder/prediction-sql.ts';
import type { ServingState } from '../serving.state.ts';
import type { FieldHash } from './install-secret.ts';
import { privacyError } from './privacy.errors.ts';

/** Column and value as text, in the order of the columns' names. */
export type Entity = Readonly<Record<string, string>>;

/** Values as the log spells them. */
export function entityOf(values: Readonly<Record<string, string | number | boolean>>): Entity {
  const entries = Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whole numbers up to here are told apart in a vector of 32-bit floats. */
const exactInFloat = 2 ** 24;

/**
 * Whether a recorded row is of the entity, in the clear or hashed: a condition over the relation of predictions.
 */
export function entitySql(entity: Entity, features: readonly FeatureColumn[], hash: FieldHash): string {
  const conditions = Object.entries(entity).map(([name, value]) => {
    const text = `${inputTextSql(name)} IN (${sqlLiteral(value)}, ${sqlLiteral(hash(name, value))})`;
    const feature = features.find((one) => one.name === name);
    const number = Number(value);
    const isExact = value.trim() !== '' && Number.isFinite(number) && Math.abs(number) < exactInFloat;
    return feature && isExact ? `(${text} OR ${featureSql(feature)} = ${number}::FLOAT)` : text;
  });
  return `coalesce(${conditions.join(' AND ')}, false)`;
}

/** @throws serving.erasure.entity_invalid for a column that the log of the deployment does not have */
export async function checkEntity(
  state: ServingState,
  scope: Scope,
  deployment: string,
  entity: Entity,
  declared: readonly string[],
): Promise<FeatureColumn[]> {
  const features = await featureColumns(scope, deployment);
  const inputs = new Set([...declared, ...(await inputNames(state, deployment))]);
  for (const [name, value] of Object.entries(entity)) {
    if (inputs.has(name)) continue;
    if (!features.some((feature) => feature.name === name))
      throw privacyError(
        'serving.erasure.entity_invalid',
        `The log of ${deployment} has no column "${name}".`,
      );
    if (!(Math.abs(Number(value)) < exactInFloat))
      throw privacyError(
        'serving.erasure.entity_invalid',
        `"${name}" is recorded as a 32-bit float, which cannot tell this value from its neighbours.`,
      );
  }
  return features;
}
