import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Prediction, PredictionGraph as Reply } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { brief } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { ServingGraph } from './graph-drawing.tsx';

/** Whether a graph answered a prediction. */
export const isOfGraph = (row: Prediction) => row.model?.startsWith('graph:') === true;

/** Which nodes ran for a prediction, and what each gave. */
export function PredictionGraph({ row }: { row: Prediction }) {
  const graph = useApi<Reply>(path`/api/serving/predictions/${row.id}/graph`, { keep: false });
  return (
    <Loaded query={graph} height={220}>
      {({ drawing, nodes, path: recorded }) => (
        <div className="stack loose">
          <ServingGraph
            label={`What ran for prediction ${row.id}`}
            drawing={drawing}
            ran={new Map(nodes.map((node) => [node.name, node]))}
          />
          <span className="dim small">
            Dashed did not run.{' '}
            {recorded ? `Recorded: ${recorded}. ` : 'Every node ran that every row needs. '}
            The values are worked out again from the recorded row by the same revision.
          </span>
          <KeyValue
            items={nodes
              .filter(({ ran }) => ran)
              .map((node) => [
                node.name,
                Object.entries(node.outputs)
                  .map(([name, values]) => `${name} ${values.map((value) => brief(value)).join(', ')}`)
                  .join('; ') || 'nothing',
              ])}
          />
        </div>
      )}
    </Loaded>
  );
}
