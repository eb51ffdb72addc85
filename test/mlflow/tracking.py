"""What a data scientist does with tracking, through the unmodified client."""

import math
import os
import tempfile
import time

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
client = MlflowClient()


def expect_error(code, action):
    try:
        action()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"{code} was expected")


# Without an experiment, runs go to Default.
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 1.5)
assert run.info.experiment_id == "0"
assert client.get_experiment("0").name == "Default"

# Experiments.
experiment = mlflow.set_experiment("fraud detection")
assert experiment.artifact_location == f"mlflow-artifacts:/{experiment.experiment_id}"
assert mlflow.set_experiment("fraud detection").experiment_id == experiment.experiment_id
expect_error("RESOURCE_ALREADY_EXISTS", lambda: mlflow.create_experiment("fraud detection"))
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.get_experiment("99999"))
client.set_experiment_tag(experiment.experiment_id, "team", "risk")
assert client.get_experiment(experiment.experiment_id).tags == {"team": "risk"}

# One run with everything.
with mlflow.start_run(run_name="first", description="a note") as run:
    run_id = run.info.run_id
    mlflow.log_params({"depth": 5, "eta": 0.1})
    for step in range(5):
        mlflow.log_metric("auc", 0.5 + step / 10, step=step)
    mlflow.log_metrics({"nan": math.nan, "inf": math.inf, "ninf": -math.inf})
    mlflow.set_tag("owner", "ann")
    mlflow.log_text("hello\n", "notes/hello.txt")
    mlflow.log_dict({"a": [1, 2]}, "config.json")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "table of 100% (a+b) ü.csv")
        pd.DataFrame({"x": range(1000)}).to_csv(path, index=False)
        mlflow.log_artifact(path, "tables")
        open(os.path.join(folder, "empty.bin"), "wb").close()
        mlflow.log_artifacts(folder, "folder")
    data = mlflow.data.from_pandas(pd.DataFrame({"x": [1.0], "y": [0]}), name="train-set", targets="y")
    mlflow.log_input(data, context="training", tags={"origin": "warehouse"})
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("auc", 0.99)

run = client.get_run(run_id)
assert run.info.status == "FINISHED" and run.info.run_name == "first" and run.info.end_time
assert run.data.params == {"depth": "5", "eta": "0.1"}
assert run.data.metrics["auc"] == 0.9
assert math.isnan(run.data.metrics["nan"])
assert run.data.metrics["inf"] == math.inf and run.data.metrics["ninf"] == -math.inf
assert run.data.tags["owner"] == "ann" and run.data.tags["mlflow.note.content"] == "a note"
assert run.data.tags["mlflow.runName"] == "first"
history = client.get_metric_history(run_id, "auc")
assert [(m.step, m.value) for m in history] == [(s, 0.5 + s / 10) for s in range(5)]
assert client.get_metric_history(run_id, "unknown") == []
[given] = run.inputs.dataset_inputs
assert given.dataset.name == "train-set"
assert {t.key: t.value for t in given.tags} == {"mlflow.data.context": "training", "origin": "warehouse"}
assert mlflow.data.get_source(given.dataset) is not None

# Artifacts: listing, reading, downloading.
names = sorted((f.path, f.is_dir) for f in client.list_artifacts(run_id))
assert names == [("config.json", False), ("folder", True), ("notes", True), ("tables", True)], names
assert client.list_artifacts(run_id, "config.json") == []
assert [f.path for f in client.list_artifacts(run_id, "folder")] == [
    "folder/empty.bin",
    "folder/table of 100% (a+b) ü.csv",
]
assert mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt") == "hello\n"
assert mlflow.artifacts.load_dict(f"runs:/{run_id}/config.json") == {"a": [1, 2]}
local = mlflow.artifacts.download_artifacts(run_id=run_id)
assert os.path.getsize(os.path.join(local, "folder", "empty.bin")) == 0
table = pd.read_csv(os.path.join(local, "tables", "table of 100% (a+b) ü.csv"))
assert table["x"].sum() == 499500

# Nested runs.
children = mlflow.search_runs(
    filter_string=f"tags.mlflow.parentRunId = '{run_id}'", experiment_names=["fraud detection"]
)
assert list(children["tags.mlflow.runName"]) == ["child"]

# Params are fixed; the same value again is fine.
client.log_param(run_id, "depth", 5)
message = expect_error("INVALID_PARAMETER_VALUE", lambda: client.log_param(run_id, "depth", 6))
client.log_param(run_id, "long", "x" * 7000)
assert len(client.get_run(run_id).data.params["long"]) == 6000

# Tags.
client.set_tag(run_id, "owner", "bob")
client.delete_tag(run_id, "owner")
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.delete_tag(run_id, "owner"))
client.update_run(run_id, name="renamed")
assert client.get_run(run_id).data.tags["mlflow.runName"] == "renamed"
client.set_tag(run_id, "mlflow.runName", "again")
assert client.get_run(run_id).info.run_name == "again"

# Batches: limits, duplicates, the latest value.
now = int(time.time() * 1000)
batch = client.create_run(experiment.experiment_id)
assert batch.info.run_name and batch.data.tags["mlflow.runName"] == batch.info.run_name
batch_id = batch.info.run_id
points = [Metric("loss", 1 / (i + 1), now + i, i) for i in range(1000)]
client.log_batch(batch_id, metrics=points)
client.log_batch(batch_id, metrics=points)
assert len(client.get_metric_history(batch_id, "loss")) == 1000
client.log_batch(
    batch_id,
    metrics=[Metric("loss", 7.0, now + 5000, 3)],
    params=[Param(f"p{i}", str(i)) for i in range(100)],
    tags=[RunTag(f"t{i}", str(i)) for i in range(100)],
)
data = client.get_run(batch_id).data
assert data.metrics["loss"] == 1 / 1000 and len(data.params) == 100
expect_error(
    "INVALID_PARAMETER_VALUE",
    lambda: client._tracking_client.store.log_batch(
        batch_id, metrics=[Metric("m", i, now, i) for i in range(1001)], params=[], tags=[]
    ),
)
expect_error(
    "INVALID_PARAMETER_VALUE",
    lambda: client.log_batch(batch_id, params=[Param("twice", "1"), Param("twice", "2")]),
)
assert "twice" not in client.get_run(batch_id).data.params
client.set_terminated(batch_id, "FAILED")
assert client.get_run(batch_id).info.status == "FAILED"

# Soft delete and restore.
client.delete_run(batch_id)
assert client.get_run(batch_id).info.lifecycle_stage == "deleted"
expect_error("INVALID_PARAMETER_VALUE", lambda: client.log_metric(batch_id, "x", 1))
found = client.search_runs([experiment.experiment_id], run_view_type=ViewType.DELETED_ONLY)
assert [r.info.run_id for r in found] == [batch_id]
client.restore_run(batch_id)
client.delete_experiment(experiment.experiment_id)
assert client.get_run(run_id).info.lifecycle_stage == "deleted"
expect_error("INVALID_PARAMETER_VALUE", lambda: client.create_run(experiment.experiment_id))
expect_error("RESOURCE_ALREADY_EXISTS", lambda: mlflow.create_experiment("fraud detection"))
client.restore_experiment(experiment.experiment_id)
client.rename_experiment(experiment.experiment_id, "fraud")
assert client.get_experiment_by_name("fraud").experiment_id == experiment.experiment_id
assert client.get_experiment_by_name("nothing") is None
expect_error("RESOURCE_DOES_NOT_EXIST", lambda: client.get_run("0" * 32))

# A run goes on after its end.
with mlflow.start_run(run_id=run_id):
    mlflow.log_metric("auc", 0.95, step=9)
assert client.get_run(run_id).data.metrics["auc"] == 0.95
print("tracking: done")
