import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Deployment, Rollout, Traffic } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { duration, significant } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { useSetTimeRange, useTimeRange } from '../../ui/time-range.tsx';
import { type Line, type Marker, TimeSeries } from '../../ui/time-series.tsx';

/** Range of the live charts when the URL names none; the meters keep three hours. */
export const LIVE = '15m';

/** All that the meters keep. */
const BEGINNING = new Date(0).toISOString();

/** Requests, latency and errors per revision, live; `brief` shows the two that tell most. */
export function TrafficCharts({
  deployment,
  markers,
  brief,
}: {
  deployment: Deployment;
  markers: Marker[];
  brief?: boolean;
}) {
  const range = useTimeRange({ fallback: LIVE });
  const setRange = useSetTimeRange();
  const traffic = useApi<Traffic>(path`/api/serving/deployments/${deployment.name}/traffic`, {
    query: range.word === 'all' ? { from: BEGINNING } : range.query,
    every: 2_000,
  });
  return (
    <Loaded query={traffic} height={420}>
      {(data) => {
        const shown = chartsOf(data, deployment);
        if (shown.times.length === 0) {
          return (
            <Panel title="Traffic">
              <Empty
                title="No request in this range"
                command={`curl -s ${window.location.origin}/v2/models/${deployment.name}`}
              >
                The command shows which inputs a request needs; the tab Try it builds one. The live meters
                keep three hours.
              </Empty>
            </Panel>
          );
        }
        const shared = { times: shown.times, markers, sync: 'traffic', onRange: setRange, min: 0 };
        const note = `points of ${data.step} s, by revision; marked: rollouts and incidents`;
        return (
          <>
            <Panel title="Requests" note={note} span={6} data={{ name: 'traffic', rows: shown.rows }}>
              <TimeSeries {...shared} lines={shown.requests} unit="requests/s" />
            </Panel>
            {brief ? null : (
              <>
                <Panel title="Errors" note="failed requests" span={6}>
                  <TimeSeries {...shared} lines={shown.errors} unit="errors/s" include={[1]} />
                </Panel>
                <Panel title="Latency, p50" note="half of the requests are faster" span={6}>
                  <TimeSeries {...shared} lines={shown.p50} unit="latency" format={duration} />
                </Panel>
              </>
            )}
            <Panel title="Latency, p99" note="one in a hundred is slower" span={6}>
              <TimeSeries {...shared} lines={shown.p99} unit="latency" format={duration} />
            </Panel>
          </>
        );
      }}
    </Loaded>
  );
}

type Point = Traffic['revisions'][number]['points'][number];

function chartsOf(data: Traffic, deployment: Deployment) {
  const armOf = (revision: string) => deployment.route.find((arm) => arm.revision === revision)?.arm;
  const order = ['champion', 'challenger', 'previous', 'fallback'];
  const revisions = data.revisions
    .filter((revision) => revision.points.some((point) => point.requests > 0))
    .sort((left, right) => rank(order, armOf(left.revision)) - rank(order, armOf(right.revision)));
  // The bucket that is still filling would look like a drop.
  const whole = Date.now() - data.step * 1000;
  const times = [
    ...new Set(revisions.flatMap((revision) => revision.points.map((point) => Date.parse(point.time)))),
  ]
    .filter((time) => time <= whole)
    .sort((left, right) => left - right);
  const byTime = revisions.map(
    (revision) => new Map(revision.points.map((point) => [Date.parse(point.time), point])),
  );
  const lines = (read: (point: Point) => number | null, empty: number | null): Line[] =>
    revisions.map((revision, at) => ({
      label: label(revision.version, armOf(revision.revision)),
      color: colorOf(armOf(revision.revision), at),
      values: times.map((time) => {
        const point = byTime[at]?.get(time);
        return point ? read(point) : empty;
      }),
    }));
  return {
    times,
    requests: lines((point) => point.requests / data.step, 0),
    errors: lines((point) => point.errors / data.step, 0),
    p50: lines((point) => point.p50, null),
    p99: lines((point) => point.p99, null),
    rows: revisions.flatMap((revision) =>
      revision.points.map((point) => ({
        revision: revision.revision,
        version: revision.version,
        ...point,
      })),
    ),
  };
}

function rank(order: string[], arm: string | undefined): number {
  const at = order.indexOf(arm ?? '');
  return at < 0 ? order.length : at;
}

function colorOf(arm: string | undefined, at: number): number {
  const fixed: Record<string, number> = { champion: 0, challenger: 1, previous: 4, fallback: 7 };
  return arm && fixed[arm] !== undefined ? fixed[arm] : 2 + (at % 5);
}

function label(version: number | null, arm: string | undefined): string {
  return `${version === null ? 'unknown' : `v${version}`}${arm ? ` ${arm}` : ''}`;
}

/** Every move of the rollouts as a mark on the time axis. */
export function movesOf(rollouts: Rollout[]): Marker[] {
  const tones: Record<string, Marker['tone']> = {
    promoted: 'ok',
    'rolled-back': 'bad',
    held: 'warn',
    canary: 'warn',
  };
  return rollouts.flatMap((rollout) =>
    rollout.evidence.transitions.map((move) => ({
      time: move.time,
      tone: tones[move.state] ?? 'none',
      label: `${rollout.challenger ? `v${rollout.challenger.version} ` : ''}${
        move.state === 'canary' ? `${significant(move.weight, 3)} %` : move.state.replace('-', ' ')
      }`,
    })),
  );
}
