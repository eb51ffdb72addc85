export { CompareVersionsPage } from './compare-page.tsx';
export { ModelPage } from './model-page.tsx';
export { ModelsPage } from './models-page.tsx';
export { ModelVersionPage } from './version-page.tsx';
