"""A first day with tracking, as a newcomer spends it: train, log, look, load, compare, tune."""

import json
import os
import tempfile

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from PIL import Image
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

client = MlflowClient()
experiment = mlflow.set_experiment("first steps")
mlflow.set_experiment_tags({"team": "flowers", "mlflow.note.content": "what a newcomer tries"})
assert mlflow.get_experiment(experiment.experiment_id).tags["team"] == "flowers"

features, labels = load_iris(return_X_y=True, as_frame=True)
x_train, x_test, y_train, y_test = train_test_split(features, labels, test_size=0.25, random_state=3)
settings = {"solver": "lbfgs", "max_iter": 400, "C": 0.7}
model = LogisticRegression(**settings).fit(x_train, y_train)

with mlflow.start_run(run_name="logistic", tags={"stage": "draft"}, log_system_metrics=False) as run:
    mlflow.log_params(settings)
    table = x_train.assign(species=y_train)
    dataset = mlflow.data.from_pandas(table, source="flowers.csv", name="flowers", targets="species")
    mlflow.log_input(dataset, context="training", tags={"origin": "book"})
    mlflow.log_metric("accuracy", accuracy_score(y_test, model.predict(x_test)), dataset=dataset)
    info = mlflow.sklearn.log_model(
        model, name="flowers", signature=infer_signature(x_train, model.predict(x_train)),
        input_example=x_train.head(2), registered_model_name="first-flowers", params={"C": 0.7}, tags={"kind": "linear"},
        pip_requirements=[],
    )  # fmt: skip
    mlflow.set_logged_model_tags(info.model_id, {"reviewed": "no", "scratch": "1"})
    mlflow.delete_logged_model_tag(info.model_id, "scratch")
    mlflow.log_model_params({f"p{i}": str(i) for i in range(150)}, model_id=info.model_id)

# What was logged can be loaded, and says the same.
loaded = mlflow.pyfunc.load_model(info.model_uri)
assert (loaded.predict(x_test) == model.predict(x_test)).all()
assert loaded.metadata.get_input_schema().input_names() == list(x_train.columns)
assert (mlflow.sklearn.load_model("models:/first-flowers/1").predict(x_test) == model.predict(x_test)).all()
assert mlflow.models.get_model_info(info.model_uri).signature == info.signature
logged = mlflow.get_logged_model(info.model_id)
assert logged.params["p149"] == "149" and logged.params["C"] == "0.7"
assert logged.tags["reviewed"] == "no" and "scratch" not in logged.tags and logged.tags["kind"] == "linear"
assert {m.key for m in logged.metrics} == {"accuracy"}
found = mlflow.search_logged_models(
    [experiment.experiment_id], filter_string="metrics.accuracy > 0.5 AND params.C = '0.7'",
    order_by=[{"field_name": "metrics.accuracy", "ascending": False}], output_format="list",
)  # fmt: skip
assert [one.model_id for one in found] == [info.model_id]
assert len(mlflow.search_logged_models([experiment.experiment_id])) == 1
assert mlflow.last_logged_model().model_id == info.model_id
external = mlflow.create_external_model(name="bought", params={"vendor": "x"}, tags={"paid": "yes"})
assert mlflow.get_logged_model(external.model_id).status.value == "READY"
with mlflow.start_run(run_name="outside", nested=True):
    mlflow.set_active_model(model_id=external.model_id)
    mlflow.log_metrics({"quality": 0.3}, model_id=external.model_id)
mlflow.clear_active_model()
assert mlflow.get_logged_model(external.model_id).metrics[0].value == 0.3
begun = mlflow.initialize_logged_model(name="begun", model_type="agent")
mlflow.finalize_logged_model(begun.model_id, "FAILED")
assert mlflow.get_logged_model(begun.model_id).status.value == "FAILED"
client.delete_logged_model(begun.model_id)

# Pictures, tables, texts, folders.
figure, axes = plt.subplots()
axes.plot([1, 3, 2])
with mlflow.start_run(run_name="files") as files:
    mlflow.log_figure(figure, "plots/line.png")
    mlflow.log_figure(figure, "plots/line.svg")
    mlflow.log_image(np.zeros((8, 8, 3), dtype=np.uint8), "black.png")
    mlflow.log_image(Image.new("RGB", (9, 9), "red"), key="shots", step=0)
    mlflow.log_image(Image.new("RGB", (9, 9), "blue"), key="shots", step=1)
    mlflow.log_text("<h1>hello</h1>", "page.html")
    mlflow.log_dict({"nested": {"a": [1, 2, 3]}}, "config.yaml")
    mlflow.log_dict({"ü": "ß"}, "config.json")
    mlflow.log_table({"question": ["a", "b"], "answer": ["1", "2"]}, artifact_file="answers.json")
    mlflow.log_table(pd.DataFrame({"question": ["c"], "answer": ["3"]}), artifact_file="answers.json")
    mlflow.log_table({"question": ["d"], "score": [0.5]}, artifact_file="scores.parquet")
    with tempfile.TemporaryDirectory() as folder:
        for i in range(60):
            os.makedirs(os.path.join(folder, f"part {i % 3}", "ä"), exist_ok=True)
            with open(os.path.join(folder, f"part {i % 3}", "ä", f"{i}.txt"), "w") as out:
                out.write(str(i) * 100)
        mlflow.log_artifacts(folder, "many")
    uri = mlflow.get_artifact_uri("answers.json")
read = mlflow.load_table("answers.json", run_ids=[files.info.run_id], extra_columns=["run_id"])
assert list(read["question"]) == ["a", "b", "c"] and set(read["run_id"]) == {files.info.run_id}
assert len(mlflow.load_table("answers.json")) == 3
assert mlflow.load_table("scores.parquet", run_ids=[files.info.run_id])["score"][0] == 0.5
assert json.loads(mlflow.artifacts.load_text(uri))["columns"] == ["question", "answer"]
assert mlflow.artifacts.load_dict(f"runs:/{files.info.run_id}/config.json") == {"ü": "ß"}
assert mlflow.artifacts.load_image(f"runs:/{files.info.run_id}/plots/line.png").size[0] > 10
with tempfile.TemporaryDirectory() as folder:
    path = mlflow.artifacts.download_artifacts(run_id=files.info.run_id, artifact_path="many", dst_path=folder)
    assert sum(len(names) for _, _, names in os.walk(path)) == 60
    whole = mlflow.artifacts.download_artifacts(artifact_uri=f"runs:/{files.info.run_id}/", dst_path=folder)
    assert os.path.exists(os.path.join(whole, "page.html"))
    flavour = mlflow.artifacts.download_artifacts(artifact_uri=info.model_uri, dst_path=folder)
    assert os.path.exists(os.path.join(flavour, "MLmodel"))
listed = {one.path for one in mlflow.artifacts.list_artifacts(run_id=files.info.run_id)}
assert {"plots", "images", "many", "page.html", "answers.json"} <= listed, listed

# Tuning with a parent and its children.
with mlflow.start_run(run_name="sweep") as parent:
    for c in (0.01, 0.1, 1.0, 10.0):
        with mlflow.start_run(run_name=f"C={c}", nested=True):
            tried = LogisticRegression(C=c, max_iter=400).fit(x_train, y_train)
            mlflow.log_param("C", c)
            for step, share in enumerate((0.2, 0.5, 1.0)):
                rows = max(20, int(len(x_test) * share))
                mlflow.log_metric("score", tried.score(x_test[:rows], y_test[:rows]), step=step)
children = mlflow.search_runs(
    filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.score DESC"]
)
assert len(children) == 4 and children["metrics.score"].is_monotonic_decreasing
assert {"run_id", "params.C", "metrics.score", "start_time", "artifact_uri", "tags.mlflow.source.name"} <= set(children)
everywhere = mlflow.search_runs(search_all_experiments=True, filter_string="params.C = '10.0'")
assert len(everywhere) == 1
history = client.get_metric_history(children["run_id"][0], "score")
assert [point.step for point in history] == [0, 1, 2]
assert mlflow.get_parent_run(children["run_id"][0]).info.run_id == parent.info.run_id
assert len(client.search_runs([experiment.experiment_id], max_results=3)) == 3

# The dataset comes back from the run.
used = mlflow.get_run(run.info.run_id).inputs.dataset_inputs[0]
assert used.dataset.name == "flowers" and {t.key: t.value for t in used.tags}["origin"] == "book"

# Checkpoints of a longer training.
with mlflow.start_run(run_name="epochs"):
    for epoch in range(3):
        model = LogisticRegression(max_iter=5 + epoch * 50).fit(x_train, y_train)
        point = mlflow.sklearn.log_model(model, name=f"epoch-{epoch}", step=epoch, pip_requirements=[])
        mlflow.log_metric("accuracy", model.score(x_test, y_test), step=epoch, model_id=point.model_id)
best = mlflow.search_logged_models(
    [experiment.experiment_id], filter_string="name LIKE 'epoch-%'",
    order_by=[{"field_name": "metrics.accuracy", "ascending": False}], max_results=1, output_format="list",
)[0]  # fmt: skip
assert best.name.startswith("epoch-")
assert mlflow.pyfunc.load_model(f"models:/{best.model_id}").predict(x_test) is not None
print("tutorial_tracking: done")
