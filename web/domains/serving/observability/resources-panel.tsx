import { Link } from '@tanstack/react-router';
import { path } from '../../../api/client.ts';
import { useApi } from '../../../api/hooks.ts';
import type { Resources } from '../../../api/types.ts';
import { Loaded } from '../../../ui/feedback.tsx';
import { ago, bytes, duration, significant } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { Stat, Stats } from '../../../ui/stat.tsx';
import { useSetTimeRange, useTimeRange } from '../../../ui/time-range.tsx';
import { type Marker, TimeSeries } from '../../../ui/time-series.tsx';
import { LIVE } from '../traffic-charts.tsx';

const shownModels = 12;

/** What the server uses, and how much of its memory each model takes. */
export function ResourcesPanel({ deployment, marks }: { deployment: string; marks: Marker[] }) {
  const range = useTimeRange({ fallback: LIVE });
  const resources = useApi<Resources>('/api/serving/resources', { query: range.query, every: 5_000 });
  return (
    <Loaded query={resources} height={320}>
      {(data) => (
        <>
          <Panel title="Server" note="this process, with all its deployments">
            <ServerStats {...data} />
          </Panel>
          <ResourceCharts points={data.points} from={range.from} cores={data.now.cores} marks={marks} />
          <ModelsPanel models={data.models} deployment={deployment} />
        </>
      )}
    </Loaded>
  );
}

function ServerStats({ now, points }: Resources) {
  const latest = points.at(-1);
  return (
    <Stats>
      <Stat
        label="CPU"
        value={latest ? significant(latest.cpu * 100, 2) : null}
        unit="%"
        note={`of one of ${now.cores} cores`}
      />
      <Stat label="Memory" value={bytes(now.residentBytes)} note="resident" />
      <Stat
        label="Models in memory"
        value={bytes(now.modelBytes)}
        note={`budget ${bytes(now.modelBudgetBytes)}; ${now.cold} cold`}
      />
      <Stat label="Worker threads" value={now.workers} note="of large models" />
      <Stat label="Event-loop lag" value={duration(latest?.lagP99)} note="p99 of the last step" />
      <Stat label="Started" value={ago(now.startedAt)} note="histories begin there" />
    </Stats>
  );
}

type ChartProps = {
  points: Resources['points'];
  from: number | undefined;
  cores: number;
  marks: Marker[];
};

function ResourceCharts({ points, from, cores, marks }: ChartProps) {
  // The axis begins with the page's range, as those above do, also when the server is younger.
  const before = from !== undefined && from < Date.parse(points[0]?.time ?? '') ? [from] : [];
  const setRange = useSetTimeRange();
  const shared = {
    times: [...before, ...points.map((point) => Date.parse(point.time))],
    markers: marks,
    sync: 'traffic',
    onRange: setRange,
    min: 0,
    height: 180,
  };
  const line = (label: string, of: (point: Resources['points'][number]) => number, color?: number) => ({
    label,
    values: [...before.map(() => null), ...points.map(of)],
    ...(color !== undefined && { color }),
  });
  return (
    <>
      <Panel title="CPU" note={`100 % is one of ${cores} cores`} span={4}>
        <TimeSeries
          {...shared}
          unit="%"
          include={[10]}
          lines={[line('CPU', (one) => one.cpu * 100), line('garbage collection', (one) => one.gc * 100, 4)]}
        />
      </Panel>
      <Panel title="Memory" note="of the process" span={4}>
        <TimeSeries
          {...shared}
          unit="MB"
          lines={[
            line('resident', (one) => one.residentBytes / 1e6),
            line('heap', (one) => one.heapBytes / 1e6, 2),
            line('arrays', (one) => one.externalBytes / 1e6, 5),
          ]}
        />
      </Panel>
      <Panel title="Event-loop lag" note="how late timers are" span={4}>
        <TimeSeries
          {...shared}
          unit="lag"
          format={duration}
          include={[1]}
          lines={[line('p99', (one) => one.lagP99), line('longest', (one) => one.lagMax, 4)]}
        />
      </Panel>
    </>
  );
}

function ModelsPanel({ models, deployment }: { models: Resources['models']; deployment: string }) {
  const own = models.filter((one) => one.deployment === deployment);
  const shown = [...own, ...models.filter((one) => one.deployment !== deployment)].slice(0, shownModels);
  return (
    <Panel
      title="Memory per model"
      note={`estimated; this deployment first, then the largest${models.length > shown.length ? ` of ${models.length}` : ''}`}
      data={{ name: 'models-in-memory', rows: models }}
    >
      <table className="plain-table">
        <thead>
          <tr>
            <th>Deployment</th>
            <th>Model</th>
            <th>Runs</th>
            <th className="right">Workers</th>
            <th className="right">Memory</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((one) => (
            <tr key={one.revision}>
              <td>
                <Link className="name" title={one.deployment} to={path`/serving/${one.deployment}`}>
                  {one.deployment}
                </Link>
              </td>
              <td>
                {one.version > 0 && !one.model.startsWith('graph:') ? (
                  <Link className="name" title={one.model} to={path`/registry/${one.model}/${one.version}`}>
                    {one.version} of {one.model}
                  </Link>
                ) : (
                  <span className="name" title={one.model}>
                    {one.model}
                  </span>
                )}
              </td>
              <td>{one.placement}</td>
              <td className="right">{one.workers}</td>
              <td className="right">{one.bytes > 0 ? bytes(one.bytes) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
