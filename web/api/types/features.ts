import type { Json } from './common.ts';

export type FeatureDefinition = {
  name: string;
  type: string;
  kind: string;
  description: string;
  expression?: string;
  key?: string[];
  lookup?: string[];
  over?: string;
  grain?: string;
  knownAt?: string;
};
export type FeatureService = {
  name: string;
  digest: string;
  version: number;
  createdAt: string;
  source: string;
  eventTime: string;
  label: string | null;
  description: string;
  request: Record<string, string>;
  features: FeatureDefinition[];
  definition: Json;
  online: OnlineStats;
  versions: { version: number; digest: string; createdAt: string }[];
};
export type OnlineStats = {
  rows: number;
  keys: number;
  tiles: number;
  oldest: string | null;
  newest: string | null;
  logBytes: number;
};
export type Vectors = { features: string[]; vectors: (number | null)[][]; statuses: string[][] };
