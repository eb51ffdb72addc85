import { useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Prediction } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { PredictionExplanation } from './explanation-view.tsx';
import { PredictionFacts, PredictionVector, PredictionWhy } from './prediction-details.tsx';
import { isOfGraph, PredictionGraph } from './prediction-graph.tsx';

/** One prediction: answer, vector, and the chain back to the data. */
export function PredictionPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/serving/predictions/${id}`;
  const prediction = useApi<Prediction>(target, { keep: false });
  return (
    <Page
      of={prediction}
      title={`Prediction ${id}`}
      crumbs={[
        { label: 'Deployments', to: '/serving' },
        ...(prediction.data
          ? [{ label: prediction.data.deployment, to: path`/serving/${prediction.data.deployment}` }]
          : []),
      ]}
      api={{ path: target, cli: `houston why prediction:${id}` }}
    >
      <Loaded query={prediction} height={420}>
        {(row) => (
          <>
            <Panel title="Answer" span={5}>
              <PredictionFacts row={row} />
            </Panel>
            <Panel
              title="What the model saw"
              span={7}
              data={{
                name: `prediction-${id}`,
                rows: Object.entries(row.features).map(([feature, value]) => ({ feature, value })),
              }}
            >
              <PredictionVector row={row} />
            </Panel>
            {isOfGraph(row) ? (
              <Panel title="Through the graph" note="which nodes ran for this row, and what each gave">
                <PredictionGraph row={row} />
              </Panel>
            ) : null}
            <Panel title="What counted" note="Shapley values: how each feature moved the score">
              <PredictionExplanation key={row.id} row={row} />
            </Panel>
            <Panel title="Why" note="from the data at the left to this answer at the right">
              <PredictionWhy row={row} />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}
