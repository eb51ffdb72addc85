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
