/**
 * Roles and what they may do. `pipelines.code` — declaring steps that run programs as the engine's user — is a role of
 * its own, which nobody has until an administrator gives it.
 */
export const roles = {
  viewer: ['read'],
  developer: [
    'read',
    'data.write',
    'features.write',
    'features.push',
    'experiments.write',
    'pipelines.write',
    'pipelines.run',
    'registry.write',
    'serving.infer',
    'serving.feedback',
    'serving.query',
    'monitoring.write',
    'declarations.apply',
  ],
  operator: [
    'read',
    'features.push',
    'pipelines.run',
    'serving.infer',
    'serving.feedback',
    'serving.query',
    'serving.deploy',
    'serving.rollback',
    'monitoring.write',
    'declarations.apply',
    'platform.operate',
  ],
  approver: ['read', 'governance.approve'],
  /** For programs that ask for predictions and report outcomes. */
  service: ['serving.infer', 'serving.feedback', 'features.push'],
  'code-runner': ['pipelines.code'],
  admin: [
    'read',
    'data.write',
    'features.write',
    'features.push',
    'experiments.write',
    'experiments.purge',
    'pipelines.write',
    'pipelines.run',
    'registry.write',
    'serving.infer',
    'serving.feedback',
    'serving.query',
    'serving.deploy',
    'serving.rollback',
    'serving.erase',
    'monitoring.write',
    'governance.write',
    'declarations.apply',
    'platform.operate',
    'auth.manage',
  ],
} as const satisfies Record<string, readonly string[]>;

export type Role = keyof typeof roles;
export const roleNames = Object.keys(roles) as Role[];

/** A permission that a route may name; `public` needs no caller. */
export type Permission = (typeof roles)[Role][number] | 'public';

/** The permissions of someone with these roles. */
export function permissionsOf(held: readonly string[]): ReadonlySet<string> {
  return new Set(held.flatMap((role) => (Object.hasOwn(roles, role) ? [...roles[role as Role]] : [])));
}
