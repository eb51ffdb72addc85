"""The unmodified OpenTelemetry SDK asks within a span of its own, and the official messages read what comes out."""

import gzip
import json
import os
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry import propagate, trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

url = os.environ["HOUSTON_URL"]
port = int(os.environ["COLLECTOR_PORT"])
received = []
arrived = threading.Condition()


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        assert self.path == "/v1/traces", self.path
        assert self.headers["content-type"] == "application/x-protobuf", self.headers["content-type"]
        request = ExportTraceServiceRequest.FromString(body)
        with arrived:
            for group in request.resource_spans:
                names = {pair.key: pair.value.string_value for pair in group.resource.attributes}
                for scope in group.scope_spans:
                    received.extend((names, scope.scope.name, span) for span in scope.spans)
            arrived.notify_all()
        reply = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", port), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()

trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": "shop"})))
tracer = trace.get_tracer("test")
ask = {"inputs": [{"name": "features", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}]}


def infer(name):
    headers = {"content-type": "application/json"}
    propagate.inject(headers)
    body = json.dumps(ask).encode()
    request = urllib.request.Request(f"{url}/v2/models/{name}/infer", body, headers)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


with tracer.start_as_current_span("checkout") as mine:
    status, answer = infer("m")
    assert status == 200, answer
    failed, _ = infer("shaky")
    assert failed == 500
context = mine.get_span_context()
name = "POST /v2/models/:model/infer"


def mine_of(kind):
    return [one for one in received if one[2].trace_id == context.trace_id.to_bytes(16, "big") and one[2].name == kind]


with arrived:
    assert arrived.wait_for(lambda: len(mine_of(name)) == 2, timeout=20), [one[2].name for one in received]
for resource, scope, span in mine_of(name):
    assert resource["service.name"] == "houston" and resource["service.version"], resource
    assert scope == "houston.serving"
    assert span.parent_span_id == context.span_id.to_bytes(8, "big")
    assert span.kind == Span.SPAN_KIND_SERVER
    assert span.flags & 1 and span.flags & 0x300 == 0x300, span.flags
    assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
    values = {pair.key: pair.value for pair in span.attributes}
    assert values["http.route"].string_value == "/v2/models/:model/infer"
    if values["http.response.status_code"].int_value == 200:
        assert span.status.code == Status.STATUS_CODE_UNSET
        assert values["houston.prediction.id"].string_value == answer["id"]
        assert values["houston.rows"].int_value == 1
        children = [one[2] for one in received if one[2].parent_span_id == span.span_id]
        assert {child.name for child in children} == {"houston.features", "houston.run", "houston.record"}
        assert all(child.kind == Span.SPAN_KIND_INTERNAL for child in children)
        assert all(span.start_time_unix_nano <= child.start_time_unix_nano for child in children)
    else:
        assert span.status.code == Status.STATUS_CODE_ERROR and span.status.message
        assert values["error.type"].string_value == "500"

with trace.use_span(trace.NonRecordingSpan(trace.SpanContext(1, 2, True, trace.TraceFlags(0)))):
    assert infer("m")[0] == 200
with tracer.start_as_current_span("again"):
    assert infer("m")[0] == 200
with arrived:
    assert arrived.wait_for(lambda: len([one for one in received if one[2].name == name]) == 3, timeout=20)
assert not [one for one in received if one[2].trace_id == (1).to_bytes(16, "big")]
print("tracing: done")
