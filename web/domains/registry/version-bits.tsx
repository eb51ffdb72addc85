import { Link } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, EvaluationHeadline, Figure, ModelVersion } from '../../api/types.ts';
import { withInterval } from '../../ui/format.ts';
import { StateBadge } from '../../ui/state.tsx';
import { verdictReason } from './check-words.ts';

/** The page of a version. */
export function versionPath(model: string, version: number): string {
  return path`/registry/${model}/${version}`;
}

/** The verdict on a version, with its reason under the cursor. */
export function VerdictBadge({ version }: { version: Pick<ModelVersion, 'verdict'> | undefined }) {
  if (!version) return <span className="faint">–</span>;
  const { verdict } = version;
  return verdict ? (
    <StateBadge state={verdict.decision} title={verdictReason(verdict)} />
  ) : (
    <span className="faint">not judged</span>
  );
}

/** The headline of a version's evaluation: the AUC on held-out rows with its interval. */
export function Headline({ version }: { version: ModelVersion }) {
  const headlines = useHeadlines(version.model);
  if (version.evaluation === null) return <span className="faint">not evaluated</span>;
  const auc = headlines.find((one) => one.version === version.version)?.auc;
  return <span title={auc ? exact(auc) : undefined}>{auc ? figureText(auc) : '…'}</span>;
}

/** Figures of every evaluated version of a model, newest first; one request, however many ask. */
export function useHeadlines(model: string): EvaluationHeadline[] {
  return useList<EvaluationHeadline>(path`/api/registry/models/${model}/evaluations`).data?.items ?? [];
}

export function figureText({ value, lower, upper }: Figure, decimals = 3): string {
  return withInterval(value, lower, upper, decimals);
}

function exact({ value, lower, upper }: Figure): string {
  return `${value} (95 %: ${lower} to ${upper})`;
}

export type Placement = { deployment: string; environment: string; arm: string; weight: number };

/** Where the versions of models take traffic now: `of(model, version?)`. */
export function usePlacements(): (model: string, version?: number) => Placement[] {
  const deployments = useList<Deployment>('/api/serving/deployments');
  return (model, version) =>
    (deployments.data?.items ?? []).flatMap((deployment) =>
      deployment.route
        .filter((arm) => arm.arm === 'champion' || arm.arm === 'challenger')
        .filter((arm) => {
          const revision =
            arm.arm === 'champion' ? deployment.champion : (deployment.rollout?.challenger ?? null);
          return (revision?.models ?? (revision ? [revision] : [])).some(
            (one) => one.model === model && (version === undefined || one.version === version),
          );
        })
        .map((arm) => ({
          deployment: deployment.name,
          environment: deployment.environment,
          arm: arm.arm,
          weight: arm.weight,
        })),
    );
}

/** Links to the deployments that serve. */
export function PlacementLinks({ placements }: { placements: Placement[] }) {
  if (placements.length === 0) return <span className="faint">nowhere</span>;
  return (
    <span className="row" style={{ gap: 6, minWidth: 0 }}>
      {placements.map((placement) => (
        <Link
          key={`${placement.deployment} ${placement.arm}`}
          className="truncate"
          to={path`/serving/${placement.deployment}`}
          onClick={(event) => event.stopPropagation()}
          title={`${placement.deployment}: ${placement.arm}, ${placement.weight} % of the requests`}
        >
          {placement.deployment}{' '}
          <span className="dim">
            {placement.environment}
            {placement.arm === 'challenger' ? `, canary ${placement.weight} %` : ''}
          </span>
        </Link>
      ))}
    </span>
  );
}

/** The aliases of a version. */
export function Aliases({ aliases }: { aliases: string[] }) {
  if (aliases.length === 0) return <span className="faint">–</span>;
  return (
    <span className="row" style={{ gap: 4 }}>
      {aliases.map((alias) => (
        <span key={alias} className="tag">
          @{alias}
        </span>
      ))}
    </span>
  );
}
