import type { Deployment, Rollout } from '../../../api/types.ts';
import { TrafficCharts } from '../traffic-charts.tsx';
import { CoursePanels } from './course-panels.tsx';
import { FailuresPanel } from './failures-panel.tsx';
import { ResourcesPanel } from './resources-panel.tsx';
import { useMarks } from './use-marks.ts';

/** How requests fare over time: rates, latency, queue, errors with examples, and what they cost the server. */
export function TrafficView({ deployment, rollouts }: { deployment: Deployment; rollouts: Rollout[] }) {
  const { name } = deployment;
  const marks = useMarks(name, rollouts);
  return (
    <>
      <TrafficCharts deployment={deployment} markers={marks} />
      <CoursePanels deployment={name} marks={marks} />
      <FailuresPanel deployment={name} />
      <ResourcesPanel deployment={name} marks={marks} />
    </>
  );
}
