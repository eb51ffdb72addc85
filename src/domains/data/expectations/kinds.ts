import type { JsonObject } from '../../../platform/json.ts';
import { aggregateKinds, tableKinds } from './aggregate-kinds.ts';
import { type KwargSpec, kwargsProblem } from './kwargs.ts';
import { mapKinds } from './map-kinds.ts';

/** What each expectation type takes. */
export function kwargsOf(type: string): KwargSpec | null {
  for (const kinds of [mapKinds, aggregateKinds, tableKinds]) {
    if (Object.hasOwn(kinds, type)) return kinds[type].kwargs;
  }
  return null;
}

/** Every expectation type that can be evaluated, sorted. */
export const expectationTypes: readonly string[] = [
  ...Object.keys(mapKinds),
  ...Object.keys(aggregateKinds),
  ...Object.keys(tableKinds),
].sort();

/** What is wrong with an expectation's type or arguments, or null. */
export function expectationProblem(type: string, kwargs: JsonObject): string | null {
  const spec = kwargsOf(type);
  return spec === null ? 'this type is not known' : kwargsProblem(spec, kwargs);
}
