import { useList } from '../api/hooks.ts';
import type { Deployment } from '../api/types.ts';
import { useUrlState } from '../ui/url-state.ts';

export const environments = ['all', 'dev', 'test', 'prod'] as const;

/** The environment chosen in the rail; 'all' shows every one. It stays in the URL from page to page. */
export function useEnvironment(): [string, (environment: string) => void] {
  return useUrlState('env', 'all');
}

/** Whether an object of `environment` belongs on the page while `chosen` is selected. */
export function inEnvironment(environment: string | undefined, chosen: string): boolean {
  return chosen === 'all' || environment === undefined || environment === chosen;
}

/** Tells of a deployment's name whether it belongs to the chosen environment. */
export function useDeploymentFilter(): (deployment: string) => boolean {
  const [chosen] = useEnvironment();
  const deployments = useList<Deployment>('/api/serving/deployments', { enabled: chosen !== 'all' });
  const inside = new Set(
    deployments.data?.items.filter((one) => one.environment === chosen).map((one) => one.name),
  );
  return (deployment) => chosen === 'all' || inside.has(deployment);
}
