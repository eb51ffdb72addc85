import type { Scope } from '../../platform/scope.ts';
import { withFreshFiles } from '../../platform/tables/index.ts';
import type { Deployment, ServingDoor } from '../serving/index.ts';

const freshMs = 10_000;
const counted = new WeakMap<object, { at: number; rows: Promise<number> }>();

/**
 * Rows in the prediction logs of `deployments`. The count survives a restart, because it is taken from the log and not
 * from the meters; it is taken anew every ten seconds at most.
 */
export function recordedPredictions(
  serving: Pick<ServingDoor, 'predictionsSql'>,
  scope: Scope,
  deployments: readonly Deployment[],
): Promise<number> {
  const known = counted.get(serving);
  if (known && scope.now() - known.at < freshMs) return known.rows;
  const rows = countRows(serving, scope, deployments);
  counted.set(serving, { at: scope.now(), rows });
  rows.catch(() => counted.delete(serving));
  return rows;
}

async function countRows(
  serving: Pick<ServingDoor, 'predictionsSql'>,
  scope: Scope,
  deployments: readonly Deployment[],
): Promise<number> {
  const counts = await Promise.all(
    deployments.map(async ({ name }) => {
      const [row] = await withFreshFiles(async () => {
        const relation = await serving.predictionsSql(scope, name);
        return scope.platform.tables.query(`SELECT count(*) AS n FROM (${relation})`);
      });
      return Number(row?.n ?? 0);
    }),
  );
  return counts.reduce((sum, one) => sum + one, 0);
}
