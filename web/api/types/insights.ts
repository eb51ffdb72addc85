import type { Static } from 'typebox';
import type {
  HealthStrip as HealthStripSchema,
  OverviewReply,
} from '../../../src/domains/insights/insights.contract.ts';

export type Overview = Static<typeof OverviewReply>;
export type Happening = Overview['recent'][number];
export type HealthStrip = Static<typeof HealthStripSchema>;
