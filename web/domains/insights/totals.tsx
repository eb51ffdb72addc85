import { useList } from '../../api/hooks.ts';
import type { Deployment, Incident, Overview } from '../../api/types.ts';
import { plural } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';

/** How much there is of everything. */
export function Totals({
  deployments,
  totals,
}: {
  deployments: Deployment[];
  totals: Overview['totals'] | undefined;
}) {
  const incidents = useList<Incident>('/api/monitoring/incidents');
  const errors = deployments.reduce((sum, item) => sum + item.traffic.errors, 0);
  const resolved = incidents.data?.items.filter((item) => item.state === 'resolved').length;
  return (
    <Panel title="Totals" note="since the server was set up">
      <Stats columns={3}>
        <Stat
          label="Predictions"
          value={totals?.predictions}
          unit="rows"
          note={errors === 0 ? 'no failed request' : plural(errors, 'failed request')}
        />
        <Stat
          label="Model versions"
          value={totals?.versions}
          note={totals ? `of ${plural(totals.models, 'model')}` : undefined}
        />
        <Stat
          label="Datasets"
          value={totals?.datasets}
          note={totals ? plural(totals.featureServices, 'feature service') : undefined}
        />
        <Stat label="Pipeline runs" value={totals?.pipelineRuns} />
        <Stat
          label="Incidents"
          value={incidents.data?.items.length}
          note={resolved === undefined ? undefined : `${resolved} resolved`}
        />
        <Stat label="Ledger events" value={totals?.events} />
      </Stats>
    </Panel>
  );
}
