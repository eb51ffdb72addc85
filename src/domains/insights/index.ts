import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import { OverviewReply } from './insights.contract.ts';
import { type InsightsNeeds, overview } from './overview.service.ts';

export type { HealthStrip, Need, OverviewReply } from './insights.contract.ts';

/** What higher floors may do with insights. */
export type InsightsDoor = {
  /** Health of every deployment, what waits for a person, what happened last, totals and delivery figures. */
  overview(scope: Scope): Promise<OverviewReply>;
};

/** Insights: figures computed from the ledger and the doors of the domains below; it keeps nothing of its own. */
export function createInsightsDomain(_platform: Platform, needs: InsightsNeeds): DomainModule & InsightsDoor {
  return {
    name: 'insights',
    routes(app) {
      app.get(
        '/api/insights/overview',
        {
          schema: {
            summary: 'Health of every deployment, what waits for a person, what happened last',
            tags: ['insights'],
            response: { 200: OverviewReply },
          },
        },
        ({ scope }) => overview(needs, scope),
      );
    },
    overview: (scope) => overview(needs, scope),
  };
}
