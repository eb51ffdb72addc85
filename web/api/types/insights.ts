import type { Static } from 'typebox';
import type {
  HealthStrip as HealthStripSchema,
  Need,
  OverviewReply,
} from '../../../src/domains/insights/insights.contract.ts';

export type Overview = Static<typeof OverviewReply>;
export type Happening = Overview['recent'][number];
export type HealthStrip = Static<typeof HealthStripSchema>;
export type OverviewNeed = Static<typeof Need>;
