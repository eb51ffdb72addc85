import { useList } from '../../api/hooks.ts';
import type { Incident, Overview } from '../../api/types.ts';
import { plural } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';

/** How much there is of everything. */
export function Totals({ totals }: { totals: Overview['totals'] }) {
  const incidents = useList<Incident>('/api/monitoring/incidents');
  const resolved = incidents.data?.items.filter((item) => item.state === 'resolved').length;
  return (
    <Panel title="Totals" note="since the server was set up">
      <Stats columns={3}>
        <Stat label="Predictions" value={totals.predictions} unit="rows" note="in the prediction log" />
        <Stat label="Model versions" value={totals.versions} note={`of ${plural(totals.models, 'model')}`} />
        <Stat
          label="Datasets"
          value={totals.datasets}
          note={plural(totals.featureServices, 'feature service')}
        />
        <Stat label="Pipeline runs" value={totals.pipelineRuns} />
        <Stat
          label="Incidents"
          value={incidents.data?.items.length}
          note={resolved === undefined ? undefined : `${resolved} resolved`}
        />
        <Stat label="Ledger events" value={totals.events} />
      </Stats>
    </Panel>
  );
}
