"""Tracing through the unmodified client: spans, search, tags, deletion."""

import os

import mlflow
from mlflow import MlflowClient

mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
client = MlflowClient()
experiment = mlflow.set_experiment("tracing")


@mlflow.trace
def answer(question):
    with mlflow.start_span("retrieve") as span:
        span.set_inputs({"question": question})
        span.set_outputs(["a document"])
    return f"The answer to {question}"


@mlflow.trace
def broken():
    raise ValueError("no luck")


with mlflow.start_run() as run:
    answer("what")
first = mlflow.get_last_active_trace_id()
answer("why")
try:
    broken()
except ValueError:
    pass
mlflow.flush_trace_async_logging()

trace = mlflow.get_trace(first)
assert [span.name for span in trace.data.spans] == ["answer", "retrieve"]
assert trace.data.spans[0].outputs == "The answer to what" and trace.info.state == "OK"
assert trace.info.execution_duration is not None


def search(text=None, **more):
    return [t.info.trace_id for t in mlflow.search_traces(filter_string=text, return_type="list", **more)]


assert len(search()) == 3 and search()[-1] == first
assert len(search("attributes.status = 'ERROR'")) == 1
assert search("trace.status = 'OK' AND attributes.timestamp_ms > 0", order_by=["timestamp_ms ASC"])[0] == first
assert len(search("attributes.name = 'answer'")) == 2
assert search(f"attributes.run_id = '{run.info.run_id}'") == [first]
assert search(f"metadata.`mlflow.sourceRun` = '{run.info.run_id}'") == [first]
client.set_trace_tag(first, "quality", "good")
assert search("tags.quality = 'good'") == [first]
client.delete_trace_tag(first, "quality")
assert search("tags.quality = 'good'") == []
assert client.delete_traces(experiment.experiment_id, trace_ids=[first]) == 1
assert first not in search() and len(search()) == 2
print("tracing: done")
