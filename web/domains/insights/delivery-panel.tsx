import { Link } from '@tanstack/react-router';
import type { Overview } from '../../api/types.ts';
import { duration, MISSING, percent } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';

/** How fast and how safely models reach production, in three figures. */
export function DeliveryPanel({ delivery }: { delivery: Overview['delivery'] | undefined }) {
  const failures = delivery?.changeFailureRate;
  return (
    <Panel
      title="Delivery"
      note="medians of what happened"
      actions={
        <Link to="/insights" className="small">
          All figures
        </Link>
      }
    >
      <Stats columns={3}>
        <Stat
          label="Data to production"
          value={medianText(delivery?.leadTime)}
          n={delivery?.leadTime.n}
          hint="From the newest data that a version was made from to its promotion"
        />
        <Stat
          label="Time to restore"
          value={medianText(delivery?.timeToRestore)}
          n={delivery?.timeToRestore.n}
          hint="From the opening of an incident to its end"
        />
        <Stat
          label="Change failure rate"
          value={failures && failures.n > 0 ? percent(failures.value, 0) : MISSING}
          note={failures && failures.n > 0 ? `${failures.failed} of ${failures.n} rolled back` : 'no rollout'}
          hint="Rollouts that were rolled back, of all that were decided"
        />
      </Stats>
    </Panel>
  );
}

/** A median of seconds in words. */
export function medianText(median: { seconds: number | null } | undefined): string {
  return duration(median?.seconds === null || median?.seconds === undefined ? null : median.seconds * 1000);
}
