import { featuresServices } from './migrations/features-001-services.ts';

/** One version of a feature service; the newest version is the current one. */
export type FeatureServiceRow = {
  workspace: string;
  name: string;
  version: number;
  digest: string;
  /** JSON, with the keys in the order of declaration. */
  definition: string;
  actor: string;
  created_at: number;
};

declare module '../../platform/db/database.ts' {
  interface Database {
    features_services: FeatureServiceRow;
  }
}

export const featuresMigrations = [featuresServices];
