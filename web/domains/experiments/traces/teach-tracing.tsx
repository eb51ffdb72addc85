import { CodeBlock } from '../../../ui/code-block.tsx';
import { Empty } from '../../../ui/feedback.tsx';

/** How a program sends its first trace. */
export function TeachTracing({ experiment, run }: { experiment: string; run?: string }) {
  const { origin } = window.location;
  return (
    <>
      <Empty
        title={run === undefined ? 'This experiment has no trace yet' : 'No trace was made within this run'}
        command={`import mlflow
mlflow.set_tracking_uri("${origin}")
mlflow.set_experiment(${JSON.stringify(experiment)})
@mlflow.trace
def answer(question): return question.upper()
answer("hello")`}
      >
        A trace is one request to a program: a tree of spans with times, inputs and outputs.
      </Empty>
      <div className="empty" style={{ paddingTop: 0 }}>
        <div className="dim">
          Any OpenTelemetry SDK sends here too, over http/protobuf; a service called as the experiment is
          shown here.
        </div>
        <CodeBlock
          code={`export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${origin}/v1/traces
export OTEL_SERVICE_NAME=${JSON.stringify(experiment)}`}
        />
      </div>
    </>
  );
}
