export { FeatureServicePage } from './feature-service-page.tsx';
export { FeatureServicesPage } from './feature-services-page.tsx';
