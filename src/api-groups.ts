/** The groups of routes as the browsable API shows them, in the order of the life of a model. */
export const apiGroups = [
  { name: 'data', description: 'Datasets, their versions, expectations, profiles and differences' },
  { name: 'features', description: 'Feature services: definitions, vectors, events for the online store' },
  { name: 'experiments', description: 'Runs, metrics, artifacts, traces and reviews' },
  { name: 'pipelines', description: 'Definitions, runs, steps and their logs' },
  { name: 'registry', description: 'Models, versions, aliases, evaluations, gates and webhooks' },
  { name: 'serving', description: 'Deployments, rollouts, predictions, outcomes and explanations' },
  { name: 'monitoring', description: 'Monitors, windows, alerts and incidents' },
  { name: 'governance', description: 'Policies, approvals and the inventory' },
  { name: 'insights', description: 'What the first page shows' },
  { name: 'open-inference', description: 'Predictions by the Open Inference Protocol, version 2' },
  { name: 'kserve-v1', description: 'Predictions by version 1 of the KServe protocol' },
  { name: 'prometheus', description: 'Figures for Prometheus and Grafana' },
  { name: 'ledger', description: 'Every change of state, what led to it, and the check of the chain' },
  { name: 'declarations', description: 'houston.yaml: plan and apply' },
  { name: 'auth', description: 'Sign-in, users and tokens' },
  { name: 'platform', description: 'Health and version of the server' },
];
