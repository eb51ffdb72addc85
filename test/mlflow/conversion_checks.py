"""What the programs about flavours share: the client, data, and how a version is converted, deployed and asked."""

import json
import os
import time
import urllib.request
import warnings

import mlflow
import numpy as np
import tritonclient.http as triton
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

warnings.simplefilter("ignore")
URL = os.environ["MLFLOW_TRACKING_URI"]
mlflow.set_tracking_uri(URL)
client = MlflowClient()
mlflow.set_experiment("flavours")

iris_x, iris_y = load_iris(return_X_y=True, as_frame=True)
cancer_x, cancer_y = load_breast_cancer(return_X_y=True, as_frame=True)
sugar_x, sugar_y = load_diabetes(return_X_y=True, as_frame=True)
# Numbers that single precision holds, so that clients that send it ask the same question.
iris_x, cancer_x, sugar_x = (table.astype("float32").astype("float64") for table in (iris_x, cancer_x, sugar_x))


def call(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {} if body is None else {"content-type": "application/json"}
    request = urllib.request.Request(URL + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def converted(name, version):
    """Asks for the twin and waits for it."""
    base = f"/api/registry/models/{name}/versions/{version}"
    first = call("POST", base + "/convert")
    assert first["state"] in ("queued", "running", "converted"), first
    for _ in range(1500):
        found = call("GET", base + "/conversion")
        if found["state"] in ("converted", "failed"):
            break
        time.sleep(0.2)
    assert found["state"] == "converted", (name, found["error"], found["log"][-2000:])
    parity = found["parity"]
    assert parity["maxRelative"] <= parity["tolerance"] and parity["labelMismatches"] == 0, parity
    shown = call("GET", base)
    assert shown["servable"] and shown["packaged"]["digest"] != shown["digest"], shown
    return parity


def ask(name, inputs, outputs):
    """One request with named arrays; a text column goes as BYTES."""
    server = triton.InferenceServerClient(URL.removeprefix("http://"))
    kinds = {"f": "FP32", "i": "INT64", "b": "BOOL", "O": "BYTES"}
    wanted = []
    for key, values in inputs.items():
        tensor = triton.InferInput(key, list(values.shape), kinds[values.dtype.kind])
        tensor.set_data_from_numpy(values, binary_data=True)
        wanted.append(tensor)
    reply = server.infer(name, wanted)
    return [reply.as_numpy(output) for output in outputs]


def deployed(name, inputs, outputs):
    call("POST", f"/api/serving/deployments/{name}/deploy", {"model": name})
    return ask(name, inputs, outputs)


def matrix(table):
    return {"input": np.ascontiguousarray(table, dtype="float32")}


def close(left, right):
    left, right = np.asarray(left, dtype="float64"), np.asarray(right, dtype="float64")
    np.testing.assert_allclose(left.reshape(right.shape), right, rtol=1e-4, atol=1e-4 * np.sqrt(np.mean(right**2)))


def log(module, name, model, table, predict, **more):
    """log_model, registration and loading back; returns the version."""
    with mlflow.start_run(run_name=name):
        info = module.log_model(
            model,
            name=name,
            signature=infer_signature(table, predict(table)),
            input_example=table[:5],
            registered_model_name=name,
            pip_requirements=[],
            **more,
        )
    [version] = client.search_model_versions(f"name = '{name}'")
    assert version.status == "READY" and version.run_id == mlflow.last_active_run().info.run_id
    for uri in (info.model_uri, f"models:/{name}/{version.version}", f"models:/{info.model_id}"):
        close(mlflow.pyfunc.load_model(uri).predict(table[:20]), predict(table[:20]))
    return version.version
