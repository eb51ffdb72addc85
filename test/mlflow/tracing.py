"""Tracing through the unmodified client: spans in the store, reading, tags, links, deletion, the older ways."""

import json
import os
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient
from mlflow.entities import SpanType
from mlflow.exceptions import MlflowException

url = os.environ["MLFLOW_TRACKING_URI"]
mlflow.set_tracking_uri(url)
client = MlflowClient()
experiment = mlflow.set_experiment("tracing")


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/{path}", data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.loads(reply.read())


@mlflow.trace(span_type=SpanType.AGENT, attributes={"whole": 1.0, "count": 3, "big": 2**60, "flag": True})
def answer(question):
    with mlflow.start_span("retrieve", span_type=SpanType.RETRIEVER) as span:
        span.set_inputs({"question": question, "deep": {"list": [1, 2.5, None, "é \U0001f680"]}})
        span.set_outputs(["a document"])
        span.add_event(mlflow.entities.SpanEvent("found", attributes={"rank": 1}))
    with mlflow.start_span("call", span_type=SpanType.CHAT_MODEL) as span:
        usage = {"input_tokens": 12, "output_tokens": 8, "total_tokens": 20}
        span.set_attributes({"mlflow.chat.tokenUsage": usage, "mlflow.llm.model": "small-model"})
    mlflow.update_current_trace(tags={"team": "search"}, metadata={"mlflow.trace.session": "s-1"})
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

# The spans went to the store, not into a file.
trace = mlflow.get_trace(first)
assert trace.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE"
assert client.list_artifacts(run.info.run_id) == []
root, retrieve, model = trace.data.spans
assert [span.name for span in trace.data.spans] == ["answer", "retrieve", "call"]
assert [span.span_type for span in trace.data.spans] == ["AGENT", "RETRIEVER", "CHAT_MODEL"]
assert root.inputs == {"question": "what"} and root.outputs == "The answer to what"
assert root.attributes["whole"] == 1.0 and type(root.attributes["whole"]) is float
assert root.attributes["count"] == 3 and type(root.attributes["count"]) is int
assert root.attributes["big"] == 2**60 and root.attributes["flag"] is True
assert retrieve.parent_id == root.span_id and root.parent_id is None
assert retrieve.inputs["deep"]["list"] == [1, 2.5, None, "é \U0001f680"]
assert retrieve.events[0].name == "found" and retrieve.events[0].attributes["rank"] == 1
assert root.start_time_ns <= retrieve.start_time_ns < retrieve.end_time_ns <= root.end_time_ns
assert retrieve.start_time_ns % 1_000_000 != 0 or retrieve.end_time_ns % 1_000_000 != 0
assert trace.info.state == "OK" and trace.info.execution_duration is not None
assert trace.info.token_usage["total_tokens"] == 20
assert trace.info.request_preview and trace.info.response_preview

failed = mlflow.search_traces(filter_string="status = 'ERROR'", return_type="list")
assert len(failed) == 1 and failed[0].data.spans[0].status.status_code == "ERROR"
assert failed[0].data.spans[0].events[0].attributes["exception.message"] == "no luck"

# Many at once, with and without spans, and in the order of time.
traces = mlflow.search_traces(return_type="list")
assert len(traces) == 3 and [len(t.data.spans) for t in traces] == [1, 3, 3] and traces[-1].info.trace_id == first
assert all(not t.data.spans for t in mlflow.search_traces(return_type="list", include_spans=False))
frame = mlflow.search_traces()
assert len(frame) == 3 and "spans" in frame.columns
assert [t.info.trace_id for t in client.search_traces(locations=[experiment.experiment_id], max_results=2)] == [
    t.info.trace_id for t in traces[:2]
]


def search(text=None, **more):
    return [t.info.trace_id for t in mlflow.search_traces(filter_string=text, return_type="list", **more)]


assert search("trace.status = 'OK' AND attributes.timestamp_ms > 0", order_by=["timestamp_ms ASC"])[0] == first
assert len(search("attributes.name = 'answer'")) == 2
assert search(f"attributes.run_id = '{run.info.run_id}'") == [first]
assert search(run_id=run.info.run_id) == [first]
assert search(f"metadata.`mlflow.sourceRun` = '{run.info.run_id}'") == [first]
client.set_trace_tag(first, "quality", "good")
assert search("tags.quality = 'good'") == [first]
client.delete_trace_tag(first, "quality")
assert search("tags.quality = 'good'") == []

# Links to runs and prompts.
other = traces[0].info.trace_id
with mlflow.start_run() as second:
    client.link_traces_to_run([first, other], second.info.run_id)
assert set(search(f"run_id = '{second.info.run_id}'")) == {first, other}
prompt = mlflow.genai.register_prompt(name="ask", template="Answer {{question}}")
client.link_prompt_versions_to_trace([prompt], first)
assert search("prompt = 'ask/1'") == [first] and search("prompt = 'ask/2'") == []

# The forms of version 3 that pages use.
base = "api/3.0/mlflow/traces"
call("PATCH", f"{base}/{first}/tags", {"key": "page", "value": "yes"})
assert client.get_trace(first).info.tags["page"] == "yes"
call("DELETE", f"{base}/{first}/tags", {"key": "page"})
assert "page" not in client.get_trace(first).info.tags
infos = call("POST", f"{base}/batchGetInfos", {"trace_ids": [first, "tr-" + "0" * 31 + "1"]})["trace_infos"]
assert [info["trace_id"] for info in infos] == [first]
assert call("GET", f"api/2.0/mlflow/traces?experiment_ids={experiment.experiment_id}&max_results=1")["traces"]
file = call("GET", f"ajax-api/3.0/mlflow/get-trace-artifact?request_id={first}")
assert [span["name"] for span in file["spans"]] == ["answer", "retrieve", "call"]
assert mlflow.entities.Span.from_dict(file["spans"][0]).outputs == "The answer to what"

# A client of version 2: opens the trace, ends it, and puts the spans into a file.
opened = call(
    "POST",
    "api/2.0/mlflow/traces",
    {"experiment_id": experiment.experiment_id, "timestamp_ms": 1000, "tags": [{"key": "old", "value": "1"}]},
)["trace_info"]
ended = call("PATCH", f"api/2.0/mlflow/traces/{opened['request_id']}", {"timestamp_ms": 1500, "status": "OK"})
assert ended["trace_info"]["execution_time_ms"] == 500 and ended["trace_info"]["status"] == "OK"
info = mlflow.MlflowClient()._tracing_client.get_trace_info(opened["request_id"])
from mlflow.tracing.client import TracingClient  # noqa: E402

TracingClient()._upload_trace_data(info, trace.data)
kept = mlflow.get_trace(opened["request_id"])
assert [span.name for span in kept.data.spans] == ["answer", "retrieve", "call"] and kept.info.tags["old"] == "1"
assert [s["name"] for s in call("GET", f"api/2.0/mlflow/get-trace-artifact?request_id={opened['request_id']}")["spans"]]
assert search("tags.old = '1'") == [opened["request_id"]]

# Threads trace at the same time; nothing is lost or mixed up.
with ThreadPoolExecutor(8) as pool:
    list(pool.map(answer, [f"question {i}" for i in range(40)]))
mlflow.flush_trace_async_logging()
crowd = mlflow.search_traces(filter_string="span.content LIKE '%question %'", return_type="list", max_results=100)
assert sorted(t.data.spans[0].inputs["question"] for t in crowd) == sorted(f"question {i}" for i in range(40))

# A trace in several pieces: a child of another process comes before its parent.
handed = {}
with mlflow.start_span("caller") as caller:
    handed["id"] = caller.trace_id
    client.start_span("inner", trace_id=caller.trace_id, parent_id=caller.span_id).end()
mlflow.flush_trace_async_logging()
assert [s.name for s in mlflow.get_trace(handed["id"]).data.spans] == ["caller", "inner"]

try:
    client.set_trace_tag("tr-" + "f" * 32, "a", "b")
    raise AssertionError("a trace that is not there")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"

assert client.delete_traces(experiment.experiment_id, trace_ids=[first]) == 1
assert first not in search() and mlflow.get_trace(first) is None
print("tracing: done")
