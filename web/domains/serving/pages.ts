export { DeploymentPage } from './deployment-page.tsx';
export { DeploymentsPage } from './deployments-page.tsx';
export { PredictionPage } from './prediction-page.tsx';
export { RolloutPage } from './rollout-page.tsx';
