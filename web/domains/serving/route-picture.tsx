import { Link } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import type { Deployment, Revision } from '../../api/types.ts';
import { useWidth } from '../../ui/charts.ts';
import { CopyId } from '../../ui/copy-id.tsx';
import { duration, plural } from '../../ui/format.ts';
import { subjectPath } from '../../ui/subject.tsx';
import { servedWords } from './deployment-words.ts';
import './serving.css';

const ROW = 52;
const GAP = 8;

const roles: Record<string, [label: string, color: string, idle: string]> = {
  champion: ['Champion', 'var(--s1)', ''],
  challenger: ['Challenger', 'var(--s2)', 'scores aside, callers do not see it'],
  previous: ['Previous', 'var(--s5)', 'ready to take over at the next request'],
  fallback: ['Fallback', 'var(--s8)', 'answers when the champion fails'],
};

/** What an arm was run on before it answered anybody. */
function warmedOn({ rows }: { rows: number }): string {
  return rows === 0 ? '' : ` · warmed on ${plural(rows, 'recorded row')}`;
}

/** Where a request goes: the arms with their share, drawn as wide as they are. */
export function RoutePicture({ deployment }: { deployment: Deployment }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const arms = deployment.route;
  const height = arms.length * ROW + (arms.length - 1) * GAP;
  const middle = height / 2;
  const revisions = new Map(
    [deployment.champion, deployment.previous, deployment.rollout?.challenger]
      .filter((revision): revision is Revision => Boolean(revision))
      .map((revision) => [revision.id, revision]),
  );
  if (arms.length === 0) return <span className="dim">No version is loaded.</span>;
  return (
    <div className="route">
      <div className="route-source">
        <b>Requests</b>
        <code className="dim" title={`/v2/models/${deployment.name}/infer`}>
          /v2/models/{deployment.name}/infer
        </code>
        {deployment.spec.features ? (
          <span className="small dim">
            features by{' '}
            <Link to={path`/features/${deployment.spec.features}`}>{deployment.spec.features}</Link>
          </span>
        ) : null}
      </div>
      <div ref={frame} style={{ height }}>
        {width > 0 ? (
          <svg width={width} height={height} aria-hidden="true">
            {arms.map((arm, at) => {
              const y = at * (ROW + GAP) + ROW / 2;
              return (
                <path
                  key={arm.arm}
                  d={`M4 ${middle}C${width / 2} ${middle} ${width / 2} ${y} ${width} ${y}`}
                  fill="none"
                  stroke={roles[arm.arm]?.[1] ?? 'var(--line-strong)'}
                  strokeWidth={arm.weight > 0 ? Math.max(1.5, (arm.weight / 100) * 18) : 1.2}
                  strokeDasharray={arm.weight > 0 ? undefined : '3 4'}
                  opacity={arm.weight > 0 ? 0.55 : 0.6}
                />
              );
            })}
          </svg>
        ) : null}
      </div>
      <div className="route-arms">
        {arms.map((arm) => {
          const [label, color, idle] = roles[arm.arm] ?? [arm.arm, 'var(--line-strong)', ''];
          const revision = revisions.get(arm.revision);
          const model = revision?.model ?? deployment.name;
          return (
            <div
              key={arm.arm}
              className={arm.weight > 0 ? 'route-arm' : 'route-arm quiet'}
              style={{ borderLeftColor: color }}
            >
              <span className="route-weight">{arm.weight} %</span>
              <span className="grow">
                <span className="truncate" style={{ display: 'block' }}>
                  <b>{label}</b>{' '}
                  {arm.placement === 'constant' ? (
                    'a constant'
                  ) : (
                    <Link to={subjectPath(`model:${model}/${arm.version}`) ?? ''}>
                      {model === deployment.name || revision?.models ? '' : `${model} `}version {arm.version}
                    </Link>
                  )}
                  {revision?.models ? <span className="dim"> {servedWords(revision)}</span> : null}
                </span>
                <span
                  className="small dim truncate"
                  style={{ display: 'block' }}
                  title={warmedOn(arm.warmedOn).slice(3)}
                >
                  {arm.weight === 0 && idle ? `${idle} · ` : ''}
                  {placeWords(arm.placement)}
                  {['none', 'constant'].includes(arm.placement) ? '' : `, one row ${duration(arm.runMs)}`}
                  {warmedOn(arm.warmedOn)}
                </span>
              </span>
              <CopyId id={arm.revision} show={arm.revision.slice(0, 16)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function placeWords(placement: string): string {
  if (placement === 'none') return 'in quarantine: fails every request at once';
  if (placement === 'constant') return 'the same values for every row';
  return placement === 'inline' ? 'runs in the server' : `runs in a ${placement}`;
}
