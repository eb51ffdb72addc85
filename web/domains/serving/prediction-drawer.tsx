import { Link } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Prediction } from '../../api/types.ts';
import { ErrorPanel, Skeleton } from '../../ui/feedback.tsx';
import { Drawer } from '../../ui/overlay.tsx';
import { PredictionExplanation } from './explanation-view.tsx';
import { PredictionFacts, PredictionVector, PredictionWhy } from './prediction-details.tsx';
import { isOfGraph, PredictionGraph } from './prediction-graph.tsx';

/** One prediction beside the table. */
export function PredictionDrawer({
  id,
  known,
  close,
}: {
  id: string;
  known: Prediction | undefined;
  close: () => void;
}) {
  const found = useApi<Prediction>(path`/api/serving/predictions/${id}`, { enabled: id !== '', keep: false });
  const row = found.data ?? known;
  return (
    <Drawer
      open={id !== ''}
      close={close}
      size="min(720px, 92vw)"
      title={id === '' ? '' : <Link to={path`/serving/predictions/${id}`}>Prediction {id}</Link>}
    >
      {row ? (
        <>
          <PredictionFacts row={row} />
          <PredictionVector row={row} />
          {isOfGraph(row) ? (
            <>
              <h3 style={{ fontSize: 'var(--fs-2)' }}>Through the graph</h3>
              <PredictionGraph row={row} />
            </>
          ) : null}
          <h3 style={{ fontSize: 'var(--fs-2)' }}>What counted</h3>
          <PredictionExplanation key={row.id} row={row} />
          <h3 style={{ fontSize: 'var(--fs-2)' }}>Why</h3>
          <PredictionWhy row={row} />
        </>
      ) : found.isError ? (
        <ErrorPanel error={found.error} />
      ) : (
        <Skeleton height={300} />
      )}
    </Drawer>
  );
}
