import { path } from '../../../api/client.ts';
import { useApi } from '../../../api/hooks.ts';
import type { ServingHistory } from '../../../api/types.ts';
import { CountHeatmap } from '../../../ui/count-heatmap.tsx';
import { Loaded } from '../../../ui/feedback.tsx';
import { duration } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { useSetTimeRange, useTimeRange } from '../../../ui/time-range.tsx';
import { type Marker, TimeSeries } from '../../../ui/time-series.tsx';
import { LIVE } from '../traffic-charts.tsx';
import { type Course, courseOf, latencyRows } from './course.ts';

/** Latency as a distribution over time, the queue, and what was sent away; the last day of this server. */
export function CoursePanels({ deployment, marks }: { deployment: string; marks: Marker[] }) {
  const range = useTimeRange({ fallback: LIVE });
  const history = useApi<ServingHistory>(path`/api/serving/deployments/${deployment}/history`, {
    query: range.query,
    every: 5_000,
  });
  return (
    <Loaded query={history} height={320}>
      {(data) => {
        const course = courseOf(data);
        return (
          <>
            <LatencyPanel course={course} marks={marks} name={deployment} />
            <QueuePanels course={course} marks={marks} />
          </>
        );
      }}
    </Loaded>
  );
}

type CourseProps = { course: Course; marks: Marker[] };

function LatencyPanel({ course, marks, name }: CourseProps & { name: string }) {
  const setRange = useSetTimeRange();
  const rows = latencyRows(course);
  if (rows.length === 0) return null;
  const table = course.points.flatMap((point) =>
    Object.entries(point?.latency ?? {}).map(([from, requests]) => ({
      time: point?.time,
      from_us: Number(from),
      to_us: Number(from) * 2,
      requests,
    })),
  );
  return (
    <Panel
      title="Latency over time"
      note={`requests in steps of ${course.step} s by whole latency; each bin is twice the one below`}
      data={{ name: `${name}-latency`, rows: table }}
    >
      <CountHeatmap
        rows={rows}
        times={course.times}
        counts={(row, column) => course.points[column]?.latency[rows[row]?.key ?? ''] ?? 0}
        markers={marks}
        onRange={setRange}
        noun="requests"
        caption="Requests by latency and time; drag to select a range"
      />
    </Panel>
  );
}

function QueuePanels({ course: { step, times, points }, marks }: CourseProps) {
  const setRange = useSetTimeRange();
  const shared = { times, markers: marks, sync: 'traffic', onRange: setRange, min: 0 };
  return (
    <>
      <Panel title="Queue" note={`the most that waited at once, in ${step} s`} span={6}>
        <TimeSeries
          {...shared}
          unit="requests"
          include={[1]}
          lines={[{ label: 'waiting', stepped: true, values: points.map((point) => point?.waiting ?? 0) }]}
        />
      </Panel>
      <Panel title="Wait" note="mean of the requests that had to wait for their turn" span={6}>
        <TimeSeries
          {...shared}
          unit="wait"
          format={duration}
          include={[1]}
          lines={[
            { label: 'mean wait', points: 'solid', values: points.map((point) => point?.meanWaitMs ?? null) },
          ]}
        />
      </Panel>
      <Panel
        title="Failed and refused"
        note="failed: run and answered with an error; refused: over a limit, not run"
        span={12}
      >
        <TimeSeries
          {...shared}
          height={160}
          unit="requests/s"
          include={[0.1]}
          lines={[
            { label: 'failed', color: 'bad', values: points.map((point) => (point?.failed ?? 0) / step) },
            { label: 'refused', color: 'warn', values: points.map((point) => (point?.refused ?? 0) / step) },
          ]}
        />
      </Panel>
    </>
  );
}
