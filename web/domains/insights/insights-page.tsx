import { useApi, useList } from '../../api/hooks.ts';
import type { LedgerEvent, Overview } from '../../api/types.ts';
import { duration, percent, plural } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { delivery } from './delivery.ts';
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
  const overview = useApi<Overview>('/api/insights/overview');
  const speed = overview.data?.delivery;
  const found = delivery({
    versions: versions.data?.items ?? [],
    gates: gates.data?.items ?? [],
    rollouts: rollouts.data?.items ?? [],
  });
  return (
    <Page
      title="Insights"
      lead="Computed from the ledger, not from a questionnaire: each number is the median or the count of events that really happened."
      api={{
        path: '/api/ledger/events?type=serving.rollout.*',
        cli: "houston audit log --type 'serving.rollout.*'",
      }}
    >
      <Panel title="Speed" span={6} note="medians">
        <Stats>
          <Stat
            label="Registered to serving"
            value={seconds(speed?.leadTime)}
            n={speed?.leadTime.n}
            hint="Time from the registration of a version to its promotion"
          />
          <Stat
            label="Retraining to serving"
            value={seconds(speed?.retrainToProduction)}
            n={speed?.retrainToProduction.n}
            hint="Time from the start of a retraining to the promotion of what it made"
          />
          <Stat
            label="Incident to recovery"
            value={seconds(speed?.timeToRestore)}
            n={speed?.timeToRestore.n}
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
    </Page>
  );
}

function seconds(median: { seconds: number | null } | undefined): string {
  return duration(median?.seconds === null || median?.seconds === undefined ? null : median.seconds * 1000);
}
