import type { Platform } from '../../../platform/platform.ts';
import type { StepKind } from '../steps.ts';

/** What `uses:` can name on this server. */
export type StepRegistry = {
  register(kinds: readonly StepKind[]): void;
  get(name: string): StepKind | undefined;
  has(name: string): boolean;
  names(): readonly string[];
  list(): readonly StepKind[];
};

const registries = new WeakMap<Platform, StepRegistry>();

/** The registry of a platform; empty until the domains have offered their steps. */
export function stepsOf(platform: Platform): StepRegistry {
  const present = registries.get(platform);
  if (present) return present;
  const kinds = new Map<string, StepKind>();
  const registry: StepRegistry = {
    register(more) {
      for (const kind of more) {
        if (kinds.has(kind.name)) throw new Error(`The step kind ${kind.name} is registered twice.`);
        kinds.set(kind.name, kind);
      }
    },
    get: (name) => kinds.get(name),
    has: (name) => kinds.has(name),
    names: () => [...kinds.keys()].sort(),
    list: () => [...kinds.values()],
  };
  registries.set(platform, registry);
  return registry;
}
