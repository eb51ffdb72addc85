import { useMemo } from 'react';
import { useList } from '../../../api/hooks.ts';
import type { Incident, Rollout } from '../../../api/types.ts';
import type { Marker } from '../../../ui/time-series.tsx';
import { movesOf } from '../traffic-charts.tsx';

/** What stands on every time axis of a deployment: moves of its rollouts, and its incidents. */
export function useMarks(deployment: string, rollouts: Rollout[]): Marker[] {
  const incidents = useList<Incident>('/api/monitoring/incidents', {
    query: { deployment, limit: 100 },
    every: 15_000,
  });
  return useMemo(
    () =>
      [...movesOf(rollouts), ...(incidents.data?.items ?? []).flatMap(marksOf)].sort(
        (a, b) => a.time - b.time,
      ),
    [rollouts, incidents.data],
  );
}

/** Incidents are marked when this server noticed them, which for a replay of the past is not their event time. */
function marksOf({ title, openedAt, resolvedAt }: Incident): Marker[] {
  const opened = Date.parse(openedAt);
  const marks: Marker[] = [{ time: opened, tone: 'bad', label: `incident: ${title}` }];
  if (resolvedAt) marks.push({ time: Date.parse(resolvedAt), tone: 'ok', label: 'resolved' });
  return marks;
}
