import { useApi } from '../api/hooks.ts';
import type { Me } from '../api/types.ts';

/** Who is signed in. */
export function useMe() {
  return useApi<Me>('/api/auth/me', { keep: false });
}

/** Whether the person may do what `permission` names; unknown permissions are left to the server. */
export function may(me: Me | undefined, permission: string): boolean {
  const held = me?.permissions;
  return (
    !held || held.includes('*') || held.includes(permission) || held.includes(`${permission.split('.')[0]}.*`)
  );
}
