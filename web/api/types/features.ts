import type { Static } from 'typebox';
import type {
  FeatureServiceView,
  OnlineStats as OnlineStatsSchema,
  VectorsReply,
} from '../../../src/domains/features/features.contract.ts';

export type FeatureService = FeatureServiceView;
export type FeatureDefinition = FeatureService['features'][number];
export type OnlineStats = Static<typeof OnlineStatsSchema>;
export type Vectors = Static<typeof VectorsReply>;
