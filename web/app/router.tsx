import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import type { Search } from '../ui/url-state.ts';
import { NotFound, PageFailed } from './failed.tsx';
import { Shell } from './shell.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  validateSearch: (search: Record<string, unknown>): Search =>
    Object.fromEntries(
      Object.entries(search).map(([key, value]) => [key, value === undefined ? undefined : String(value)]),
    ),
  search: { middlewares: [retainSearchParams(['env'])] },
});

type Loader = () => Promise<Record<string, unknown>>;

/** One page: its path, the module that holds it and the name of the component there. */
function page(path: string, load: Loader, name: string) {
  return createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, ComponentType>>, name),
  });
}

const overview = () => import('../domains/insights/overview-page.tsx');
const data = () => import('../domains/data/pages.ts');
const features = () => import('../domains/features/pages.ts');
const experiments = () => import('../domains/experiments/pages.ts');
const pipelines = () => import('../domains/pipelines/pages.ts');
const registry = () => import('../domains/registry/pages.ts');
const serving = () => import('../domains/serving/pages.ts');
const monitoring = () => import('../domains/monitoring/pages.ts');
const governance = () => import('../domains/governance/pages.ts');
const insights = () => import('../domains/insights/pages.ts');
const ledger = () => import('../domains/ledger/pages.ts');
const settings = () => import('../domains/settings/pages.ts');

const tree = root.addChildren([
  page('/', overview, 'OverviewPage'),
  page('/data', data, 'DatasetsPage'),
  page('/data/$name', data, 'DatasetPage'),
  page('/features', features, 'FeatureServicesPage'),
  page('/features/$name', features, 'FeatureServicePage'),
  page('/experiments', experiments, 'ExperimentsPage'),
  page('/experiments/$name', experiments, 'ExperimentPage'),
  page('/experiments/runs/compare', experiments, 'CompareRunsPage'),
  page('/experiments/runs/$id', experiments, 'ExperimentRunPage'),
  page('/experiments/$name/traces', experiments, 'TracesPage'),
  page('/experiments/traces/$trace', experiments, 'TracePage'),
  page('/pipelines', pipelines, 'PipelinesPage'),
  page('/pipelines/$name', pipelines, 'PipelinePage'),
  page('/pipelines/runs/$id', pipelines, 'RunPage'),
  page('/registry', registry, 'ModelsPage'),
  page('/registry/$name', registry, 'ModelPage'),
  page('/registry/$name/compare', registry, 'CompareVersionsPage'),
  page('/registry/$name/$version', registry, 'ModelVersionPage'),
  page('/serving', serving, 'DeploymentsPage'),
  page('/serving/$name', serving, 'DeploymentPage'),
  page('/serving/rollouts/$id', serving, 'RolloutPage'),
  page('/serving/predictions/$id', serving, 'PredictionPage'),
  page('/monitoring', monitoring, 'MonitorsPage'),
  page('/monitoring/$deployment', monitoring, 'MonitorPage'),
  page('/monitoring/incidents/$id', monitoring, 'IncidentPage'),
  page('/governance', governance, 'GovernancePage'),
  page('/governance/approvals/$id', governance, 'ApprovalPage'),
  page('/insights', insights, 'InsightsPage'),
  page('/ledger', ledger, 'LedgerPage'),
  page('/ledger/why', ledger, 'WhyPage'),
  page('/ledger/events/$id', ledger, 'EventPage'),
  page('/settings', settings, 'SettingsPage'),
]);

/** Search parameters are plain text in the URL, never JSON. */
function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

function stringifySearch(search: Record<string, unknown>): string {
  const made = new URLSearchParams();
  for (const [key, value] of Object.entries(search))
    if (value !== undefined && value !== null && value !== '') made.set(key, String(value));
  const text = made.toString();
  return text ? `?${text}` : '';
}

export const router = createRouter({
  routeTree: tree,
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: PageFailed,
  scrollRestoration: true,
  scrollToTopSelectors: ['#main'],
});
