"""Tracing as an application uses it: decorated and manual spans, threads and async, errors, sessions, search, judgement."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, AssessmentSourceType, SpanType
from mlflow.exceptions import MlflowException
from mlflow.tracing.constant import TraceMetadataKey

client = MlflowClient()
experiment = mlflow.set_experiment("assistant").experiment_id


@mlflow.trace(span_type=SpanType.RETRIEVER, attributes={"k": 2})
def retrieve(question):
    return [{"page_content": f"about {question}", "metadata": {"doc_uri": "a.md"}, "id": "1"}]


@mlflow.trace(name="model", span_type=SpanType.CHAT_MODEL)
def ask(messages):
    if (span := mlflow.get_current_active_span()) is not None:
        span.set_attribute("mlflow.chat.tokenUsage", {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12})
    return {"choices": [{"message": {"role": "assistant", "content": "because"}}]}


@mlflow.trace(span_type=SpanType.AGENT)
def answer(question, user="ann", session="s1"):
    mlflow.update_current_trace(
        tags={"kind": "faq"}, metadata={TraceMetadataKey.TRACE_USER: user, TraceMetadataKey.TRACE_SESSION: session},
        client_request_id=f"req-{question}",
    )  # fmt: skip
    found = retrieve(question)
    with mlflow.start_span(name="prepare", span_type=SpanType.PARSER) as span:
        span.set_inputs({"documents": found})
        messages = [{"role": "user", "content": f"{question}: {found}"}]
        span.set_outputs(messages)
    return ask(messages)["choices"][0]["message"]["content"]


def trace_of_last():
    mlflow.flush_trace_async_logging()
    return mlflow.get_trace(mlflow.get_last_active_trace_id())


assert answer("why") == "because"
trace = trace_of_last()
assert [s.name for s in trace.data.spans] == ["answer", "retrieve", "prepare", "model"]
assert trace.info.state == "OK" and trace.info.tags["kind"] == "faq" and trace.info.client_request_id == "req-why"
assert trace.info.token_usage["total_tokens"] == 12 and trace.info.request_preview and trace.info.response_preview
assert trace.search_spans(span_type=SpanType.RETRIEVER)[0].outputs[0]["page_content"] == "about why"
assert trace.data.spans[2].parent_id == trace.data.spans[0].span_id


@mlflow.trace
def fails():
    raise ValueError("no answer")


try:
    fails()
except ValueError:
    pass
broken = trace_of_last()
assert broken.info.state == "ERROR" and broken.data.spans[0].events[0].attributes["exception.message"] == "no answer"


@mlflow.trace
def streamed():
    yield "a"
    yield "b"


@mlflow.trace
async def later(question):
    await asyncio.sleep(0.01)
    return question


assert list(streamed()) == ["a", "b"]
assert trace_of_last().data.spans[0].outputs == ["a", "b"]
assert asyncio.run(later("soon")) == "soon"
with ThreadPoolExecutor(4) as pool:
    list(pool.map(lambda i: answer(f"q{i}", user=f"user{i % 2}", session=f"s{i % 3}"), range(12)))

# By hand, and around a function of somebody else.
root = mlflow.start_span_no_context("job", inputs={"a": 1}, tags={"by": "hand"}, experiment_id=experiment)
child = mlflow.start_span_no_context("step", parent_span=root, span_type=SpanType.TOOL)
child.add_event(mlflow.entities.SpanEvent("checked", attributes={"n": 3}))
child.end(outputs=2)
root.end(outputs={"b": 2}, status="OK")
mlflow.trace(len, name="length")([1, 2, 3])
mlflow.log_trace(name="imported", request={"q": 1}, response="x", intermediate_outputs={"mid": 2}, start_time_ms=1_700_000_000_000, execution_time_ms=5)
mlflow.flush_trace_async_logging()
manual = client.get_trace(root.trace_id)
assert manual.info.tags["by"] == "hand" and manual.data.spans[1].events[0].name == "checked"

# Search.
frame = mlflow.search_traces(locations=[experiment])
assert len(frame) >= 18 and {"trace_id", "state", "request", "spans", "assessments", "tags"} <= set(frame.columns)
count = lambda text, **more: len(  # noqa: E731
    mlflow.search_traces(locations=[experiment], filter_string=text, return_type="list", **more)
)
assert count("trace.status = 'ERROR'") == 1 and count("tag.kind = 'faq'") == 13
assert count("span.name = 'retrieve' AND metadata.`mlflow.trace.user` = 'user1'") == 6
assert count("metadata.`mlflow.trace.session` = 's2'") == 4 and count("trace.client_request_id = 'req-q3'") == 1
assert count("span.type = 'TOOL'") == 1 and count("trace.name = 'answer'", max_results=5) == 5
assert count("trace.execution_time_ms >= 0 AND trace.timestamp_ms > 0") >= 17
ordered = mlflow.search_traces(locations=[experiment], order_by=["timestamp_ms ASC"], return_type="list", max_results=1)
assert ordered[0].data.spans[0].name == "imported"
pages, token = [], None
while True:
    page = client.search_traces(locations=[experiment], max_results=7, page_token=token, include_spans=False)
    pages += page
    token = page.token
    if not token:
        break
assert len({t.info.trace_id for t in pages}) == len(pages) == len(frame)

# What people and programs say of it.
person = AssessmentSource(source_type=AssessmentSourceType.HUMAN, source_id="ann@example.com")
said = mlflow.log_feedback(trace_id=trace.info.trace_id, name="helpful", value=True, rationale="short", source=person)
mlflow.log_feedback(trace_id=trace.info.trace_id, name="scores", value={"a": 0.5}, span_id=trace.data.spans[1].span_id)
mlflow.log_feedback(trace_id=trace.info.trace_id, name="judge", error=ValueError("no judge"))
wished = mlflow.log_expectation(trace_id=trace.info.trace_id, name="facts", value=["a", "b"], source=person)
changed = mlflow.override_feedback(trace_id=trace.info.trace_id, assessment_id=said.assessment_id, value=False)
mlflow.update_assessment(
    trace_id=trace.info.trace_id, assessment_id=wished.assessment_id,
    assessment=mlflow.entities.Expectation(name="facts", value=["a", "b", "c"]),
)  # fmt: skip
assert mlflow.get_assessment(trace.info.trace_id, wished.assessment_id).value == ["a", "b", "c"]
kept = {a.name: a for a in mlflow.get_trace(trace.info.trace_id).info.assessments if a.valid}
assert kept["helpful"].value is False and kept["judge"].error.error_message == "no judge"
assert count("feedback.helpful = 'false'") == 1
mlflow.delete_assessment(trace.info.trace_id, changed.assessment_id)
assert mlflow.get_assessment(trace.info.trace_id, said.assessment_id).valid in (True, None)

# Tags, links, deletion.
mlflow.set_trace_tag(trace.info.trace_id, "seen", "yes")
mlflow.delete_trace_tag(trace.info.trace_id, "kind")
tags = mlflow.get_trace(trace.info.trace_id).info.tags
assert tags["seen"] == "yes" and "kind" not in tags
with mlflow.start_run() as run:
    answer("in a run")
    mlflow.flush_trace_async_logging()
assert len(mlflow.search_traces(run_id=run.info.run_id, locations=[experiment], return_type="list")) == 1
client.link_traces_to_run([trace.info.trace_id, root.trace_id], run.info.run_id)
assert len(mlflow.search_traces(run_id=run.info.run_id, locations=[experiment], return_type="list")) == 3
with mlflow.start_run() as run:
    model = mlflow.create_external_model("app-v1")
mlflow.set_active_model(model_id=model.model_id)
answer("by a version")
mlflow.flush_trace_async_logging()
assert len(mlflow.search_traces(model_id=model.model_id, locations=[experiment], return_type="list")) == 1
mlflow.clear_active_model()
assert client.delete_traces(experiment, trace_ids=[broken.info.trace_id]) == 1
assert count("trace.status = 'ERROR'") == 0
assert mlflow.get_trace(broken.info.trace_id) is None
assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000), max_traces=3) == 3

# Off, on, and a sample of it.
mlflow.tracing.disable()
answer("unseen")
mlflow.tracing.enable()
before = len(mlflow.search_traces(locations=[experiment], return_type="list"))
answer("seen")
mlflow.flush_trace_async_logging()
assert len(mlflow.search_traces(locations=[experiment], return_type="list")) == before + 1
other = mlflow.create_experiment("assistant elsewhere")
mlflow.tracing.set_destination(mlflow.entities.trace_location.MlflowExperimentLocation(experiment_id=other))
answer("elsewhere")
mlflow.flush_trace_async_logging()
mlflow.tracing.reset()
assert len(mlflow.search_traces(locations=[other], return_type="list")) == 1
print("tutorial_tracing: done")
