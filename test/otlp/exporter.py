"""The unmodified OpenTelemetry SDK and exporter: batches, gzip, late parents, other vocabularies, refusals."""

import json
import os
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, Status, StatusCode

url = os.environ["MLFLOW_TRACKING_URI"]


def call(path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}{path}", data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as reply:
        return json.loads(reply.read())


def traces(experiment="Default", **query):
    text = urllib.parse.urlencode(query)
    return call(f"/api/experiments/{urllib.parse.quote(experiment)}/traces?{text}")["items"]


def provider(service, processor=BatchSpanProcessor, **exporter):
    made = TracerProvider(resource=Resource.create({"service.name": service, "deployment.environment": "test"}))
    made.add_span_processor(processor(OTLPSpanExporter(endpoint=f"{url}/v1/traces", **exporter)))
    return made


# A program that knows nothing of experiments: its traces are made from their roots.
plain = provider("shop")
tracer = plain.get_tracer("test")
with tracer.start_as_current_span("checkout", attributes={"session.id": "s-9", "user.id": "ann"}) as root:
    with tracer.start_as_current_span("chat small-model") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": "small-model",
                "gen_ai.usage.input_tokens": 7,
                "gen_ai.usage.output_tokens": 5,
                "gen_ai.input.messages": json.dumps([{"role": "user", "content": "hello \U0001f680"}]),
                "numbers": [1.0, 2.5],
                "whole": 2**53 + 1,
                "flag": False,
            }
        )
        span.add_event("token", {"n": 1})
    with tracer.start_as_current_span("pay", links=[Link(root.get_span_context(), {"why": "test"})]) as span:
        span.set_status(Status(StatusCode.ERROR, "card refused"))
plain.force_flush()

(item,) = traces()
assert item["name"] == "checkout" and item["state"] == "OK" and item["spans"] == 3, item
assert item["session"] == "s-9" and item["user"] == "ann" and item["usage"]["totalTokens"] == 12
assert item["tags"]["service.name"] == "shop" and item["tags"]["deployment.environment"] == "test"
assert item["id"] == f"tr-{root.get_span_context().trace_id:032x}"
whole = call(f"/api/experiments/traces/{item['id']}")
columns = whole["columns"]
assert [columns["names"][i] for i in columns["name"]] == ["checkout", "chat small-model", "pay"]
assert columns["parent"] == [-1, 0, 0] and columns["depth"] == [0, 1, 1]
assert [columns["statuses"][i] for i in columns["status"]] == ["UNSET", "UNSET", "ERROR"]
assert columns["types"][columns["type"][1]] == "CHAT_MODEL" and columns["tokens"] == [None, 12, None]
one = call(f"/api/experiments/traces/{item['id']}/spans/{columns['id'][1]}")
assert one["inputs"] == [{"role": "user", "content": "hello \U0001f680"}] and one["model"] == "small-model"
assert one["attributes"]["numbers"] == [1.0, 2.5] and one["events"][0]["name"] == "token"
pay = call(f"/api/experiments/traces/{item['id']}/spans/{columns['id'][2]}")
assert pay["statusMessage"] == "card refused" and pay["links"][0]["span"] == columns["id"][0]

# The same trace through MLflow's client, with what the other vocabulary says under its names.
import mlflow  # noqa: E402

seen = mlflow.get_trace(item["id"])
assert [span.name for span in seen.data.spans] == ["checkout", "chat small-model", "pay"]
chat = seen.data.spans[1]
assert chat.span_type == "CHAT_MODEL" and chat.inputs[0]["content"] == "hello \U0001f680"
assert chat.attributes["whole"] == 2**53 + 1 and chat.attributes["numbers"] == [1.0, 2.5]
assert seen.info.token_usage["total_tokens"] == 12

# By the service's name when an experiment is called so, by header above all; gzip; links to a run.
named = call("/api/2.0/mlflow/experiments/create", {"name": "billing"})["experiment_id"]
chosen = call("/api/2.0/mlflow/experiments/create", {"name": "chosen"})["experiment_id"]
run = call("/api/2.0/mlflow/runs/create", {"experiment_id": chosen})["run"]["info"]["run_id"]
billing = provider("billing", compression=Compression.Gzip)
with billing.get_tracer("test").start_as_current_span("bill"):
    pass
billing.force_flush()
assert [one["name"] for one in traces("billing")] == ["bill"]
headers = {"x-mlflow-experiment-id": chosen, "x-mlflow-run-id": run}
headed = provider("billing", headers=headers, compression=Compression.Deflate)
with headed.get_tracer("test").start_as_current_span("headed"):
    pass
headed.force_flush()
assert [one["name"] for one in traces("chosen", filter=f"run_id = '{run}'")] == ["headed"]
assert len(traces("billing")) == 1

# Each span alone, children before their parents; the trace grows into its times and its end.
late = provider("late", SimpleSpanProcessor, headers={"x-mlflow-experiment-id": chosen})
tracer = late.get_tracer("test")
parent = tracer.start_span("late")
within = trace.set_span_in_context(parent)
for i in range(3):
    tracer.start_span(f"child {i}", context=within).end()
(half,) = traces("chosen", filter="span.name = 'child 1'")
assert half["state"] == "IN_PROGRESS" and half["name"] is None and half["spans"] == 3, half
parent.end()
(full,) = traces("chosen", filter="span.name = 'child 1'")
assert full["state"] == "OK" and full["name"] == "late" and full["spans"] == 4
assert full["durationMs"] >= half["durationMs"] and full["startedAt"] <= half["startedAt"]

# Many threads and batches; every span is there once.
# The exporter drops what its queue has no room for; this one has room for all of them, however slow the machine.
busy = provider(
    "busy", lambda exporter: BatchSpanProcessor(exporter, max_queue_size=4096), headers={"x-mlflow-experiment-id": chosen}
)
tracer = busy.get_tracer("test")


def work(number):
    with tracer.start_as_current_span(f"work {number}", context=context.Context()):
        for step in range(20):
            with tracer.start_as_current_span(f"step {step}"):
                pass


with ThreadPoolExecutor(8) as pool:
    list(pool.map(work, range(100)))
busy.force_flush()
found = [one for one in traces("chosen", limit=500) if (one["name"] or "").startswith("work")]
assert len(found) == 100 and all(one["spans"] == 21 and one["state"] == "OK" for one in found), len(found)

# One trace of 30,000 spans in batches.
tracer = busy.get_tracer("test")
with tracer.start_as_current_span("huge", context=context.Context()) as huge:
    for block in range(60):
        with tracer.start_as_current_span(f"block {block}"):
            for step in range(499):
                tracer.start_span(f"step {step % 10}", attributes={"step": step}).end()
        busy.force_flush()
busy.force_flush()
whole = call(f"/api/experiments/traces/tr-{huge.get_span_context().trace_id:032x}")
assert whole["spans"] == 30_001 and len(whole["columns"]["id"]) == 30_001
assert whole["columns"]["depth"].count(2) == 60 * 499 and len(whole["columns"]["names"]) == 71

# What the exporter is told when the server refuses.
wrong = OTLPSpanExporter(endpoint=f"{url}/v1/traces", headers={"x-mlflow-experiment-id": "999999"}, timeout=5)
kept = []


class Recorder(SimpleSpanProcessor):
    def on_end(self, span):
        kept.append(wrong.export([span]))


refused = TracerProvider()
refused.add_span_processor(Recorder(wrong))
refused.get_tracer("test").start_span("refused").end()
assert kept == [SpanExportResult.FAILURE]
print("exporter: done")
