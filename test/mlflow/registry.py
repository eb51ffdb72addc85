"""The model registry, through the unmodified client: models, versions, aliases, stages, tags, search, prompts."""

import json
import os
import urllib.request

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

server = os.environ["MLFLOW_TRACKING_URI"]
mlflow.set_tracking_uri(server)
client = MlflowClient()
mlflow.set_experiment("registry")


def expect_error(code, action):
    try:
        action()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"{code} was expected")


def houston(path):
    with urllib.request.urlopen(server + path) as reply:
        return json.load(reply)


features, labels = load_iris(return_X_y=True)
features = features.astype(np.float32)
model = LogisticRegression(max_iter=500).fit(features, labels)

# A scikit-learn model, logged and registered in one call, and loaded by version and alias.
with mlflow.start_run() as run:
    info = mlflow.sklearn.log_model(
        model, name="model", registered_model_name="Iris Classifier", input_example=features[:2]
    )
version = client.get_model_version("Iris Classifier", "1")
assert version.run_id == run.info.run_id and version.status == "READY"
assert "ONNX" in version.status_message, version.status_message
assert int(info.registered_model_version) == 1
client.set_registered_model_alias("Iris Classifier", "challenger", 1)
for uri in ("models:/Iris Classifier/1", "models:/Iris Classifier@challenger", "models:/Iris Classifier/latest"):
    assert np.array_equal(mlflow.pyfunc.load_model(uri).predict(features), model.predict(features)), uri
assert client.get_model_version_by_alias("Iris Classifier", "challenger").version == "1"
noted = json.loads(mlflow.get_logged_model(info.model_id).tags["mlflow.modelVersions"])
# The server notes a number, and the client adds the same as a text.
assert noted[0] == {"name": "Iris Classifier", "version": 1}, noted
assert {(one["name"], str(one["version"])) for one in noted} == {("Iris Classifier", "1")}

# An ONNX model passes through Houston's own registry: digest, signature, lineage.
with mlflow.start_run() as onnx_run:
    onnx_model = to_onnx(model, features[:1], options={"zipmap": False})
    mlflow.onnx.log_model(
        onnx_model, name="onnx", registered_model_name="iris-onnx", save_as_external_data=False
    )
own = houston("/api/registry/models/iris-onnx/versions/1")
assert own["flavor"] == "onnx" and own["digest"].startswith("sha256:")
assert own["signature"]["inputs"][0]["datatype"] == "FP32", own["signature"]
assert own["lineage"]["experimentRun"] == onnx_run.info.run_id
events = houston("/api/ledger/events?type=registry.version.registered")["items"]
assert {e["data"]["model"] for e in events} == {"iris-onnx", "Iris Classifier"}
assert f"experiment-run:{onnx_run.info.run_id}" in events[0]["uses"]
loaded = mlflow.onnx.load_model("models:/iris-onnx/1")
assert len(loaded.graph.node) == len(onnx_model.graph.node)

# From the artifacts of a run, as it was done before logged models.
with mlflow.start_run() as old_run:
    mlflow.log_text("weights", "plain/weights.txt")
client.create_registered_model("plain", tags={"team": "risk"}, description="By hand")
expect_error("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model("plain"))
first = client.create_model_version(
    "plain", f"runs:/{old_run.info.run_id}/plain", old_run.info.run_id, tags={"k": "v"}, description="one"
)
second = client.create_model_version(
    "plain", f"{old_run.info.artifact_uri}/plain", old_run.info.run_id
)
assert (first.version, second.version) == ("1", "2") and first.tags == {"k": "v"}
assert second.description == ""
assert client.get_model_version_download_uri("plain", "1") == f"{old_run.info.artifact_uri}/plain"
local = mlflow.artifacts.download_artifacts("models:/plain/1")
assert open(os.path.join(local, "weights.txt")).read() == "weights"

# Houston as the registry beside a tracking server elsewhere: the run is one that it does not know.
stranger = "0123456789abcdef0123456789abcdef"
client.create_registered_model("from-elsewhere")
foreign = client.create_model_version("from-elsewhere", f"runs:/{stranger}/model", stranger)
assert (foreign.run_id, foreign.source) == (stranger, f"runs:/{stranger}/model")
assert client.get_model_version_download_uri("from-elsewhere", "1") == foreign.source
assert [found.name for found in client.search_model_versions(f"run_id = '{stranger}'")] == ["from-elsewhere"]
client.delete_registered_model("from-elsewhere")

# Descriptions, tags, stages.
client.update_registered_model("plain", "described")
client.update_model_version("plain", "1", "the first")
# Unless ordered otherwise, what changed last comes first.
assert [found.version for found in client.search_model_versions("name = 'plain'")] == ["1", "2"]
client.set_registered_model_tag("plain", "color", "blue")
client.delete_registered_model_tag("plain", "team")
client.set_model_version_tag("plain", "1", "checked", "yes")
client.delete_model_version_tag("plain", "1", "k")
found = client.get_registered_model("plain")
assert found.description == "described" and found.tags == {"color": "blue"}
assert client.get_model_version("plain", "1").tags == {"checked": "yes"}
client.transition_model_version_stage("plain", "1", "staging")
moved = client.transition_model_version_stage("plain", "2", "Staging", archive_existing_versions=True)
assert moved.current_stage == "Staging"
assert client.get_model_version("plain", "1").current_stage == "Archived"
assert [v.version for v in client.get_latest_versions("plain", ["Staging"])] == ["2"]
assert {v.current_stage for v in client.get_registered_model("plain").latest_versions} == {"Staging", "Archived"}
expect_error("INVALID_PARAMETER_VALUE", lambda: client.transition_model_version_stage("plain", "1", "Moon"))

# Aliases.
client.set_registered_model_alias("plain", "best", "1")
client.set_registered_model_alias("plain", "best", "2")
assert client.get_registered_model("plain").aliases == {"best": "2"}
assert client.get_model_version("plain", "2").aliases == ["best"]
client.delete_registered_model_alias("plain", "best")
client.delete_registered_model_alias("plain", "best")
expect_error("INVALID_PARAMETER_VALUE", lambda: client.get_model_version_by_alias("plain", "best"))
expect_error("INVALID_PARAMETER_VALUE", lambda: client.set_registered_model_alias("plain", "latest", "1"))
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.set_registered_model_alias("plain", "x", "99"))

# Search.


def models(text="", **more):
    return [m.name for m in client.search_registered_models(text, **more)]


assert models() == ["Iris Classifier", "iris-onnx", "plain"]
assert models("name LIKE 'iris%'") == ["iris-onnx"] and models("name ILIKE 'iris%'") == ["Iris Classifier", "iris-onnx"]
assert models("tags.color = 'blue'") == ["plain"] and models("tags.color != 'blue'") == []
assert models(order_by=["name DESC"])[0] == "plain"
page = client.search_registered_models(max_results=2)
assert page.token and [m.name for m in client.search_registered_models(page_token=page.token)] == ["plain"]
versions = client.search_model_versions("name = 'plain'")
assert [v.version for v in versions] == ["2", "1"]
assert [v.version for v in client.search_model_versions("name='plain'", order_by=["version_number ASC"])] == ["1", "2"]
assert [v.name for v in client.search_model_versions(f"run_id = '{onnx_run.info.run_id}'")] == ["iris-onnx"]
assert [v.version for v in client.search_model_versions("tags.checked = 'yes'")] == ["1"]
expect_error("INVALID_PARAMETER_VALUE", lambda: client.search_registered_models("color = 'blue'"))

# Copy, rename, delete.
copied = client.copy_model_version("models:/Iris Classifier@challenger", "copied")
assert np.array_equal(mlflow.pyfunc.load_model("models:/copied/1").predict(features), model.predict(features))
client.rename_registered_model("plain", "plainer")
assert [v.version for v in client.search_model_versions("name = 'plainer'")] == ["2", "1"]
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("plain"))
client.delete_model_version("plainer", "2")
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version("plainer", "2"))
client.delete_registered_model("plainer")
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("plainer"))
assert models() == ["Iris Classifier", "copied", "iris-onnx"]

# Sources that lead elsewhere are refused.
client.create_registered_model("guarded")
for source in ("file:///etc", "/etc/passwd", "mlflow-artifacts:/1/../../etc", "s3://b/%2e%2e/x", "runs:/x/a#b"):
    expect_error("INVALID_PARAMETER_VALUE", lambda: client.create_model_version("guarded", source))

# Prompts are models of another kind.
prompt = mlflow.genai.register_prompt("greeting", "Hello {{name}}!", commit_message="first", tags={"lang": "en"})
assert prompt.version == 1
mlflow.genai.register_prompt("greeting", "Hi {{name}}!")
mlflow.genai.set_prompt_alias("greeting", "live", 2)
assert mlflow.genai.load_prompt("prompts:/greeting@live").format(name="Ann") == "Hi Ann!"
# Without a version, and as "latest", a prompt is its newest version.
assert mlflow.genai.load_prompt("greeting").version == 2
assert mlflow.genai.load_prompt("prompts:/greeting@latest", cache_ttl_seconds=0).version == 2
assert mlflow.genai.load_prompt("greeting", version=1).template == "Hello {{name}}!"
assert "greeting" not in models()
assert [p.name for p in mlflow.genai.search_prompts()] == ["greeting"]
print("registry: done")
