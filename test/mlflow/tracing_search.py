"""Assessments, the whole filter grammar of traces, and figures, through the unmodified client."""

import os
import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, Expectation, Feedback, SpanType
from mlflow.entities.trace_metrics import AggregationType, MetricAggregation, MetricViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking._tracking_service.utils import _get_store

mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
client = MlflowClient()
store = _get_store()
experiment = mlflow.set_experiment("searching")
other = client.create_experiment("elsewhere")


def refused(code, action, *args, **more):
    try:
        action(*args, **more)
    except MlflowException as error:
        assert error.error_code == code, error
        return
    raise AssertionError(f"not refused: {args} {more}")


@mlflow.trace(span_type=SpanType.CHAIN)
def pipeline(number):
    with mlflow.start_span(f"tool-{number}", span_type=SpanType.TOOL) as span:
        span.set_attributes({"model": f"gpt-{number}", "retries": number, "cached": number % 2 == 0, "a.b c": "x"})
        span.set_outputs({"say": f'line {number}\n"quoted" 100% _done_'})
        if number == 3:
            span.set_status("ERROR")
    with mlflow.start_span("llm", span_type=SpanType.LLM) as span:
        usage = {"input_tokens": number * 10, "output_tokens": number, "total_tokens": number * 11}
        cost = {"input_cost": number / 100, "output_cost": 0.0, "total_cost": number / 100}
        name = "small" if number < 4 else "large"
        span.set_attributes({"mlflow.chat.tokenUsage": usage, "mlflow.llm.model": name, "mlflow.llm.cost": cost})
    mlflow.update_current_trace(
        tags={"number": str(number)},
        client_request_id=f"request-{number}",
        metadata={"mlflow.trace.session": "even" if number % 2 == 0 else "odd"},
    )
    if number == 5:
        raise ValueError("five")
    return number


ids = []
for number in range(1, 6):
    try:
        pipeline(number)
    except ValueError:
        pass
    ids.append(mlflow.get_last_active_trace_id())
    time.sleep(0.002)
mlflow.flush_trace_async_logging()


def search(text=None, **more):
    found = mlflow.search_traces(filter_string=text, return_type="list", include_spans=False, **more)
    return [ids.index(trace.info.trace_id) + 1 for trace in found]


# Feedback and expectations.
judge = AssessmentSource(source_type="LLM_JUDGE", source_id="judge-1")
first = mlflow.log_feedback(trace_id=ids[0], name="helpful", value=True, rationale="clear", source=judge)
assert first.assessment_id and first.trace_id == ids[0] and first.valid
mlflow.log_feedback(trace_id=ids[1], name="helpful", value=False)
mlflow.log_feedback(trace_id=ids[0], name="score", value=0.9, metadata={"by": "hand"})
mlflow.log_feedback(trace_id=ids[1], name="score", value=4)
mlflow.log_feedback(trace_id=ids[2], name="score", value="not a number")
mlflow.log_feedback(trace_id=ids[2], name="grade", value="yes")
mlflow.log_feedback(trace_id=ids[3], name="parts", value={"a": 1, "b": [True, "x"]})
mlflow.log_feedback(trace_id=ids[3], name="broke", error=ValueError("judge died"))
mlflow.log_expectation(trace_id=ids[0], name="answer", value="one")
mlflow.log_expectation(trace_id=ids[1], name="facts", value=["a", {"b": 2}])

span_id = mlflow.get_trace(ids[0]).data.spans[1].span_id
mlflow.log_feedback(trace_id=ids[0], name="tool", value=3, span_id=span_id)
said = {one.name: one for one in mlflow.get_trace(ids[0]).info.assessments}
assert set(said) == {"helpful", "score", "answer", "tool"}
assert said["helpful"].value is True and said["helpful"].source.source_id == "judge-1"
assert said["helpful"].rationale == "clear" and said["score"].metadata == {"by": "hand"}
assert isinstance(said["answer"], Expectation) and said["answer"].value == "one"
assert isinstance(said["helpful"], Feedback) and said["tool"].span_id == span_id
said = {one.name: one for one in mlflow.get_trace(ids[3]).info.assessments}
assert said["parts"].value == {"a": 1, "b": [True, "x"]}
assert said["broke"].value is None and said["broke"].error.error_message == "judge died"
assert mlflow.get_trace(ids[1]).info.assessments[2].value == ["a", {"b": 2}]

got = mlflow.get_assessment(ids[0], first.assessment_id)
assert got.name == "helpful" and got.create_time_ms == first.create_time_ms
updated = mlflow.update_assessment(
    ids[0], first.assessment_id, Feedback(name="useful", value=False, rationale="no", metadata={"k": "v"})
)
assert updated.name == "useful" and updated.value is False and updated.rationale == "no"
assert updated.source.source_id == "judge-1" and updated.metadata == {"k": "v"}
refused("INVALID_PARAMETER_VALUE", mlflow.update_assessment, ids[0], first.assessment_id, Expectation(name="e", value=1))
mlflow.update_assessment(ids[0], first.assessment_id, Feedback(name="helpful", value=True))

better = mlflow.override_feedback(
    trace_id=ids[0], assessment_id=first.assessment_id, value=False, rationale="looked again"
)
assert better.overrides == first.assessment_id and better.valid
assert mlflow.get_assessment(ids[0], first.assessment_id).valid is False
assert search("feedback.helpful = 'true'") == [] and set(search("feedback.helpful = 'false'")) == {1, 2}
mlflow.delete_assessment(ids[0], better.assessment_id)
mlflow.delete_assessment(ids[0], better.assessment_id)
assert mlflow.get_assessment(ids[0], first.assessment_id).valid is True
refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_assessment, ids[0], better.assessment_id)
refused("RESOURCE_DOES_NOT_EXIST", mlflow.get_assessment, "tr-" + "e" * 32, "a-1")
refused("RESOURCE_DOES_NOT_EXIST", mlflow.log_feedback, trace_id="tr-" + "e" * 32, name="x", value=1)

# Every kind of condition.
cases = {
    None: [5, 4, 3, 2, 1],
    "status = 'ERROR'": [5],
    "trace.status IN ('OK', 'ERROR') AND tags.number != '3'": [5, 4, 2, 1],
    f"request_id = '{ids[1]}'": [2],
    f"trace_id IN ('{ids[1]}', '{ids[3]}')": [4, 2],
    "client_request_id = 'request-4'": [4],
    "client_request_id RLIKE '^request-[1-2]$'": [2, 1],
    "name = 'pipeline'": [5, 4, 3, 2, 1],
    "name RLIKE '^pipe(line|s)$' AND tags.number RLIKE '[45]'": [5, 4],
    "name ILIKE 'PIPE%'": [5, 4, 3, 2, 1],
    "name LIKE 'PIPE%'": [],
    "tags.number IS NOT NULL": [5, 4, 3, 2, 1],
    "tags.missing IS NULL AND tags.number = '1'": [1],
    "metadata.`mlflow.trace.session` = 'even'": [4, 2],
    "execution_time_ms >= 0 AND timestamp_ms > 0 AND end_time_ms > 0": [5, 4, 3, 2, 1],
    "timestamp < 1000": [],
    "span.name = 'tool-3'": [3],
    "span.name IN ('tool-3', 'tool-1')": [3, 1],
    "span.name LIKE 'tool-%' AND span.type = 'TOOL'": [5, 4, 3, 2, 1],
    "span.name RLIKE '^tool-[24]$'": [4, 2],
    "span.name NOT IN ('llm', 'pipeline', 'tool-1')": [5, 4, 3, 2],
    "span.status = 'ERROR'": [5, 3],
    "span.status = 'ERROR' AND span.type = 'TOOL'": [3],
    "span.name = 'llm' AND span.type = 'TOOL'": [],
    "span.attributes.model = 'gpt-2'": [2],
    "span.attributes.model LIKE '%gpt-%' AND span.type = 'TOOL' AND tags.number = '4'": [4],
    "span.attributes.model RLIKE '^gpt-[35]$'": [5, 3],
    "span.attributes.retries = '4'": [4],
    "span.attributes.cached = 'true'": [4, 2],
    "span.attributes.`a.b c` = 'x' AND tags.number = '1'": [1],
    "span.content LIKE '%gpt-5%'": [5],
    "span.content ILIKE '%GPT-5%'": [5],
    "trace.text LIKE '%line 2%'": [2],
    "text LIKE '%tool-1%'": [1],
    "trace.text LIKE '%\"quoted\" 100%' AND tags.number = '2'": [2],
    "trace.text LIKE '%nowhere%'": [],
    "feedback.helpful = 'true'": [1],
    "feedback.helpful != 'true'": [2],
    "feedback.score > 0.5": [2, 1],
    "feedback.score >= 4": [2],
    "feedback.score < 1": [1],
    "feedback.score LIKE '%number%'": [3],
    "feedback.score RLIKE '^not a'": [3],
    "feedback.score IS NOT NULL": [3, 2, 1],
    "feedback.score IS NULL": [5, 4],
    "expectation.answer = 'one'": [1],
    "expectation.facts IS NOT NULL": [2],
    "feedback.grade = 'yes' AND span.status = 'ERROR'": [3],
}
for text, expected in cases.items():
    assert search(text) == expected, (text, search(text))

for text in [
    "span.size = 'x'",
    "span.content = 'x'",
    "feedback.score > 'x'",
    "feedback.score = 1",
    "span.name = 'a' OR span.name = 'b'",
    "prompt LIKE 'a'",
    "prompt = 'a'",
    "name RLIKE '('",
    "name RLIKE '(?=x)'",
    "unknown = 'a'",
    "issue.name = 'a'",
]:
    refused("INVALID_PARAMETER_VALUE", search, text)

# What is said of a whole session counts for each of its traces.
mlflow.log_feedback(trace_id=ids[0], name="mood", value="good", metadata={"mlflow.trace.session": "odd"})
assert search("feedback.mood = 'good'") == [5, 3, 1] and search("feedback.mood IS NULL") == [4, 2]

stranger = mlflow.start_span_no_context("stranger", experiment_id=other, metadata={"mlflow.trace.session": "even"})
stranger.end()
mlflow.flush_trace_async_logging()
mlflow.log_feedback(
    trace_id=stranger.trace_id, name="mood", value="bad", metadata={"mlflow.trace.session": "even"}
)
assert search("feedback.mood = 'bad'") == []
found = client.search_traces(locations=[other], filter_string="feedback.mood = 'bad'")
assert [one.info.trace_id for one in found] == [stranger.trace_id]

# Order and pages.
assert search(order_by=["timestamp_ms ASC"]) == [1, 2, 3, 4, 5]
assert search(order_by=["tags.number DESC"]) == [5, 4, 3, 2, 1]
assert search(order_by=["metadata.`mlflow.trace.session` ASC", "timestamp_ms DESC"]) == [4, 2, 5, 3, 1]
assert search(order_by=["status ASC", "timestamp_ms ASC"]) == [5, 1, 2, 3, 4]
for text in [None, "span.type = 'TOOL'", "tags.number != '3'"]:
    for order in [None, ["timestamp_ms ASC"], ["metadata.`mlflow.trace.session` ASC"], ["execution_time_ms DESC"]]:
        whole = search(text, order_by=order)
        read, token = [], None
        while True:
            page = client.search_traces(
                locations=[experiment.experiment_id],
                filter_string=text,
                order_by=order,
                max_results=2,
                page_token=token,
                include_spans=False,
            )
            read += [ids.index(trace.info.trace_id) + 1 for trace in page]
            token = page.token
            if not token:
                break
        assert read == whole, (text, order, read, whole)
refused("INVALID_PARAMETER_VALUE", client.search_traces, locations=[experiment.experiment_id], page_token="x")

# Figures.
now = int(time.time() * 1000)
here = [experiment.experiment_id]


def figures(view, metric, *aggregations, **more):
    asked = [MetricAggregation(*one) if isinstance(one, tuple) else MetricAggregation(one) for one in aggregations]
    return store.query_trace_metrics(here, view, metric, asked, **more)


COUNT, SUM, AVG, MIN, MAX = (AggregationType[name] for name in ["COUNT", "SUM", "AVG", "MIN", "MAX"])
P50, P95 = (AggregationType.PERCENTILE, 50), (AggregationType.PERCENTILE, 95)
T, S, A = MetricViewType.TRACES, MetricViewType.SPANS, MetricViewType.ASSESSMENTS
assert figures(T, "trace_count", COUNT)[0].values == {"COUNT": 5}
by_status = figures(T, "trace_count", COUNT, dimensions=["trace_status"])
assert [(p.dimensions["trace_status"], p.values["COUNT"]) for p in by_status] == [("ERROR", 1), ("OK", 4)]
assert figures(T, "session_count", COUNT)[0].values == {"COUNT": 2}
tokens = figures(T, "total_tokens", SUM, AVG, MIN, MAX, P50, P95)[0].values
assert {k: round(v, 9) for k, v in tokens.items()} == {
    "SUM": 165, "AVG": 33, "MIN": 11, "MAX": 55, "P50.0": 33, "P95.0": 52.8,
}
assert figures(T, "latency", AVG, P50)[0].values["AVG"] >= 0
buckets = figures(
    T, "trace_count", COUNT, time_interval_seconds=3600, start_time_ms=now - 7_200_000, end_time_ms=now + 1000
)
assert sum(p.values["COUNT"] for p in buckets) == 5
assert all(p.dimensions["time_bucket"].endswith(":00:00+00:00") for p in buckets)
assert figures(T, "trace_count", COUNT, filters=["trace.status = 'ERROR'"])[0].values == {"COUNT": 1}
assert figures(T, "trace_count", COUNT, filters=["trace.tag.number = '2'"])[0].values == {"COUNT": 1}
assert figures(T, "trace_count", COUNT, filters=["trace.metadata.`mlflow.trace.session` = 'odd'"])[0].values == {"COUNT": 3}
kinds = figures(S, "span_count", COUNT, dimensions=["span_type"])
assert {p.dimensions["span_type"]: p.values["COUNT"] for p in kinds} == {"CHAIN": 5, "LLM": 5, "TOOL": 5}
models = figures(S, "total_cost", SUM, dimensions=["span_model_name"])
assert {p.dimensions["span_model_name"]: round(p.values["SUM"], 9) for p in models} == {"large": 0.09, "small": 0.06}
assert figures(S, "latency", AVG, P95, filters=["span.name = 'llm'"])[0].values["P95.0"] >= 0
names = figures(A, "assessment_count", COUNT, dimensions=["assessment_name"], filters=["assessment.type = 'feedback'"])
assert {p.dimensions["assessment_name"]: p.values["COUNT"] for p in names}["score"] == 3
values = figures(A, "assessment_value", AVG, MIN, MAX, filters=["assessment.name = 'score'"])[0].values
assert values == {"AVG": 2.45, "MIN": 0.9, "MAX": 4}
for bad in [
    (T, "trace_count", SUM),
    (T, "nothing", COUNT),
    (S, "span_count", COUNT, {"dimensions": ["trace_name"]}),
    (T, "trace_count", COUNT, {"time_interval_seconds": 60}),
    (T, "trace_count", COUNT, {"filters": ["span.name = 'a'"]}),
    (T, "trace_count", COUNT, {"filters": ["trace.status > 'a'"]}),
]:
    more = bad[3] if len(bad) == 4 else {}
    refused("INVALID_PARAMETER_VALUE", figures, *bad[:3], **more)

# Two filters that go together.
found = store.calculate_trace_filter_correlation(here, "span.status = 'ERROR'", "tags.number = '3'")
assert (found.filter1_count, found.filter2_count, found.joint_count, found.total_count) == (2, 1, 1, 5)
assert 0.5 < found.npmi < 1 and found.npmi_smoothed < found.npmi
never = store.calculate_trace_filter_correlation(here, "tags.number = '1'", "tags.number = '2'")
assert never.npmi == -1
empty = store.calculate_trace_filter_correlation(here, "tags.number = '9'", "tags.number = '2'", base_filter="status = 'OK'")
assert empty.npmi != empty.npmi and empty.total_count == 4
print("tracing_search: done")
