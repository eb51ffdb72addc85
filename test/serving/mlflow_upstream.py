"""A model that cannot become ONNX, served by `mlflow models serve` and put behind a route of Houston.

Arguments: port for the model server. The server may call http://127.0.0.1:PORT as an upstream.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import mlflow
import numpy
import pandas
from mlflow.models import infer_signature

url = os.environ["MLFLOW_TRACKING_URI"]
port = int(sys.argv[1])


def call(method, address, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


class Rules(mlflow.pyfunc.PythonModel):
    """Plain Python: no flavor that anything could convert."""

    def predict(self, context, model_input, params=None):
        late = model_input["carrier"].map({"AA": 0.3}).fillna(0.1)
        return (late + model_input["distance"] / 10_000).to_numpy()


rows = pandas.DataFrame({"carrier": ["AA", "UA", "AA"], "distance": [1000.0, 500.0, 250.0]})
expected = Rules().predict(None, rows)
mlflow.set_experiment("upstream")
with mlflow.start_run():
    mlflow.pyfunc.log_model(
        name="model",
        python_model=Rules(),
        registered_model_name="rules",
        signature=infer_signature(rows, expected),
    )

server = subprocess.Popen(
    [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/rules/1", "--env-manager", "local", "-p", str(port)],
    # It looks for its own programs on the search path.
    env={**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"},
    start_new_session=True,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
try:
    deadline = time.time() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2)
            break
        except OSError:
            assert time.time() < deadline and server.poll() is None, "the model server does not start"
            time.sleep(0.3)

    upstream = {"url": f"http://127.0.0.1:{port}", "protocol": "mlflow"}
    status, rollout = call("POST", f"{url}/api/serving/deployments/rules/deploy", {"model": "rules:1", "upstream": upstream})
    assert (status, rollout["state"]) == (200, "promoted"), rollout

    status, metadata = call("GET", f"{url}/v2/models/rules")
    assert [one["name"] for one in metadata["inputs"]] == ["carrier", "distance"], metadata

    inputs = [
        {"name": "carrier", "datatype": "BYTES", "shape": [3], "data": list(rows.carrier)},
        {"name": "distance", "datatype": "FP64", "shape": [3], "data": list(rows.distance)},
    ]
    status, answer = call("POST", f"{url}/v2/models/rules/infer", {"id": "flight", "inputs": inputs})
    assert status == 200, answer
    numpy.testing.assert_allclose(answer["outputs"][0]["data"], expected)

    status, prediction = call("GET", f"{url}/api/serving/predictions/flight:2")
    assert abs(prediction["score"] - expected[2]) < 1e-12 and prediction["inputs"]["carrier"] == "AA", prediction
finally:
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()

status, answer = call("POST", f"{url}/v2/models/rules/infer", {"inputs": inputs})
assert status in (502, 503), (status, answer)
print("mlflow_upstream: done")
