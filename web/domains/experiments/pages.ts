export { CompareRunsPage } from './compare-page.tsx';
export { ExperimentPage } from './experiment-page.tsx';
export { ExperimentRunPage } from './experiment-run-page.tsx';
export { ExperimentsPage } from './experiments-page.tsx';
export { TracePage } from './traces/trace-page.tsx';
export { TracesPage } from './traces/traces-page.tsx';
