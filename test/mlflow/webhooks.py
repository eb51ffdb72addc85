"""Webhooks of the registry through the client, received by a real server that checks every signature."""

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mlflow
from mlflow import MlflowClient
from mlflow.entities.webhook import WebhookEvent, WebhookStatus
from mlflow.exceptions import MlflowException

SECRET = "not a real secret"
received = []
refuse_first = {"left": 1}


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        delivery = self.headers["X-MLflow-Delivery-Id"]
        stamp = self.headers["X-MLflow-Timestamp"]
        signed = hmac.new(SECRET.encode(), f"{delivery}.{stamp}.{body}".encode(), hashlib.sha256)
        expected = "v1," + base64.b64encode(signed.digest()).decode()
        status = 200
        message = json.loads(body)
        if message["entity"] == "model_version" and refuse_first["left"] > 0:
            refuse_first["left"] -= 1
            status = 503
        received.append((delivery, status, self.headers["X-MLflow-Signature"] == expected, message))
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"kept from the caller")

    def log_message(self, *args):
        pass


receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=receiver.serve_forever, daemon=True).start()


def wait_for(condition, what):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"never: {what}; received {received}")


client = MlflowClient()
url = f"http://localhost:{receiver.server_port}/hook"
try:
    client.create_webhook("elsewhere", "https://169.254.169.254/", ["registered_model.created"])
    raise AssertionError("a host that nobody allowed")
except MlflowException as error:
    assert error.error_code == "INVALID_PARAMETER_VALUE", error.error_code

names = [
    "registered_model.created",
    "model_version.created",
    "model_version_tag.set",
    "model_version_tag.deleted",
    "model_version_alias.created",
    "model_version_alias.deleted",
    "prompt.created",
    "prompt_version.created",
]
hook = client.create_webhook("hook", url, names, description="all of them", secret=SECRET)
assert hook.status == WebhookStatus.ACTIVE and hook.secret is None
assert [str(one) for one in hook.events] == names
assert client.get_webhook(hook.webhook_id).description == "all of them"
assert [one.webhook_id for one in client.list_webhooks()] == [hook.webhook_id]

result = client.test_webhook(hook.webhook_id)
assert result.success and result.response_status == 200 and result.response_body is None
assert received[0][2] and received[0][3]["entity"] == "registered_model"
received.clear()

client.create_registered_model("flights", tags={"team": "ops"}, description="delays")
client.create_model_version("flights", "https://example.com/model", description="first")
client.set_model_version_tag("flights", "1", "stage", "new")
client.delete_model_version_tag("flights", "1", "stage")
client.set_registered_model_alias("flights", "best", "1")
client.delete_registered_model_alias("flights", "best")
mlflow.genai.register_prompt("greeting", "Hello {{name}}!", tags={"tone": "warm"})

wait_for(lambda: {m["entity"] + "." + m["action"] for _, s, _, m in received if s == 200} >= set(names), "all")
assert all(signed for _, _, signed, _ in received)
delivered = [m for _, status, _, m in received if status == 200]
kinds = [f"{m['entity']}.{m['action']}" for m in delivered if m["data"]["name"] == "flights"]
assert kinds == names[:6], kinds
assert delivered[0]["data"] == {"name": "flights", "tags": {"team": "ops"}, "description": "delays"}
version = next(m for m in delivered if m["entity"] == "model_version")["data"]
assert version["version"] == "1" and version["source"] == "https://example.com/model", version
assert version["description"] == "first" and version["run_id"] is None
prompt = next(m for m in delivered if m["entity"] == "prompt_version")["data"]
assert prompt["template"] == "Hello {{name}}!" and prompt["name"] == "greeting"
# Only what people said of it, without the tags by which the client knows a prompt.
assert prompt["tags"] == {"tone": "warm"}, prompt
made = next(m for m in delivered if m["entity"] == "prompt")["data"]
assert not {"mlflow.prompt.is_prompt", "_mlflow_prompt_type"} & set(made["tags"]), made
again = [d for d, _, _, m in received if m["entity"] == "model_version"]
assert len(again) == 2 and again[0] == again[1], "the second attempt carries the id of the first"

client.update_webhook(hook.webhook_id, status="DISABLED", events=["registered_model.created"])
seen = len(received)
client.create_registered_model("quiet")
client.update_webhook(hook.webhook_id, name="renamed", status="ACTIVE")
assert client.get_webhook(hook.webhook_id).name == "renamed"
client.create_registered_model("loud")
wait_for(lambda: any(m["data"]["name"] == "loud" for _, _, _, m in received), "loud")
assert not any(m["data"]["name"] == "quiet" for _, _, _, m in received[seen:])

client.delete_webhook(hook.webhook_id)
assert len(client.list_webhooks()) == 0
try:
    client.get_webhook(hook.webhook_id)
    raise AssertionError("deleted")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
assert WebhookEvent.from_str("registered_model.created") in hook.events
print("webhooks: done")
