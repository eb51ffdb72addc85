import { useApi, useList } from '../../api/hooks.ts';
import type { LedgerEvent, Model, Overview } from '../../api/types.ts';
import { Skeleton } from '../../ui/feedback.tsx';
import { percent, plural } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { isPrompt } from '../registry/prompts.ts';
import { delivery } from './delivery.ts';
import { medianText } from './delivery-panel.tsx';
import { DeliveryTable } from './delivery-table.tsx';

const LIMIT = 1000;

/** How fast and how safely models reach production, computed from what happened. */
export function InsightsPage() {
  const versions = useList<LedgerEvent>('/api/ledger/events', {
    query: { type: 'registry.version.registered', limit: LIMIT },
  });
  const gates = useList<LedgerEvent>('/api/ledger/events', {
    query: { type: 'registry.gate.*', limit: LIMIT },
  });
  const rollouts = useList<LedgerEvent>('/api/ledger/events', {
    query: { type: 'serving.rollout.*', limit: LIMIT },
  });
  const models = useList<Model>('/api/registry/models');
  const prompts = new Set((models.data?.items ?? []).filter(isPrompt).map(({ name }) => name));
  const overview = useApi<Overview>('/api/insights/overview');
  const queries = [overview, versions, gates, rollouts, models];
  const speed = overview.data?.delivery;
  const found = delivery({
    versions: (versions.data?.items ?? []).filter(({ data }) => !prompts.has(String(data.model))),
    gates: gates.data?.items ?? [],
    rollouts: rollouts.data?.items ?? [],
  });
  return (
    <Page
      of={queries.find(({ isError }) => isError)}
      title="Insights"
      lead="Computed from the ledger, not from a questionnaire: each number is the median or the count of events that really happened."
      api={{
        path: '/api/ledger/events?type=serving.rollout.*',
        cli: "houston audit log --type 'serving.rollout.*'",
      }}
    >
      {queries.some(({ data }) => data === undefined) ? (
        <Skeleton height={320} />
      ) : (
        <>
          <Panel title="Speed" span={6} note="medians">
            <Stats>
              <Stat
                label="Data to production"
                value={medianText(speed?.leadTime)}
                n={speed?.leadTime.n}
                hint="From the newest data that a version was made from to its promotion"
              />
              <Stat
                label="Incident to new champion"
                value={medianText(speed?.retrainToProduction)}
                n={speed?.retrainToProduction.n}
                hint="From the incident that started a retraining to the promotion of what it made"
              />
              <Stat
                label="Time to restore"
                value={medianText(speed?.timeToRestore)}
                n={speed?.timeToRestore.n}
                hint="From the opening of an incident to its end"
              />
            </Stats>
          </Panel>
          <Panel title="Safety" span={6}>
            <Stats>
              <Stat
                label="Stopped by the gate"
                value={found.refused}
                note={`of ${plural(found.gated, 'verdict')}`}
              />
              <Stat
                label="Rolled back"
                value={found.rolledBack}
                note={`of ${found.promoted + found.rolledBack} decided`}
              />
              <Stat
                label="Change failure rate"
                value={percent(speed?.changeFailureRate.value)}
                n={speed?.changeFailureRate.n}
                hint="Rollouts that were rolled back, of all that were decided"
              />
            </Stats>
          </Panel>
          <DeliveryTable versions={found.versions} />
        </>
      )}
    </Page>
  );
}
