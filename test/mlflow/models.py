"""Logged models: autolog, log_model, searching and loading them back, through the unmodified client."""

import os

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split

mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
client = MlflowClient()
experiment = mlflow.set_experiment("iris")
features, labels = load_iris(return_X_y=True, as_frame=True)
train_x, test_x, train_y, test_y = train_test_split(features, labels, random_state=0)

# One model by hand.
with mlflow.start_run() as run:
    model = LogisticRegression(max_iter=500).fit(train_x, train_y)
    mlflow.log_metric("train_accuracy", model.score(train_x, train_y))
    info = mlflow.sklearn.log_model(
        model,
        name="classifier",
        params={f"setting_{i}": i for i in range(120)},
        signature=infer_signature(train_x, model.predict(train_x)),
        input_example=train_x.head(3),
        tags={"kind": "linear"},
    )
    data = mlflow.data.from_pandas(test_x.assign(label=test_y), targets="label", name="iris-test")
    mlflow.log_metric("accuracy", model.score(test_x, test_y), model_id=info.model_id, dataset=data)
logged = mlflow.get_logged_model(info.model_id)
assert logged.status == "READY" and logged.name == "classifier"
assert logged.source_run_id == run.info.run_id and len(logged.params) == 120
assert logged.tags["kind"] == "linear"
assert {m.key for m in logged.metrics} == {"train_accuracy", "accuracy"}
assert [o.model_id for o in client.get_run(run.info.run_id).outputs.model_outputs] == [info.model_id]
assert "MLmodel" in {f.path for f in client.list_logged_model_artifacts(info.model_id)}
for uri in (info.model_uri, f"models:/{info.model_id}", f"runs:/{run.info.run_id}/classifier"):
    loaded = mlflow.pyfunc.load_model(uri)
    assert np.array_equal(loaded.predict(test_x), model.predict(test_x)), uri
again = mlflow.sklearn.load_model(info.model_uri)
assert np.allclose(again.coef_, model.coef_)

# Searching logged models.
client.set_logged_model_tags(info.model_id, {"stage": "candidate"})
client.delete_logged_model_tag(info.model_id, "kind")
assert mlflow.get_logged_model(info.model_id).tags["stage"] == "candidate"
for text in (
    "name = 'classifier'",
    "tags.stage = 'candidate' AND params.setting_7 = '7'",
    "metrics.accuracy > 0.5",
    "name LIKE 'class%' AND creation_timestamp > 0",
    f"source_run_id = '{run.info.run_id}'",
    "status IN ('READY', 'FAILED')",
):
    found = mlflow.search_logged_models(filter_string=text, output_format="list")
    assert [m.model_id for m in found] == [info.model_id], text
assert not mlflow.search_logged_models(filter_string="metrics.accuracy > 2", output_format="list")
on_test = [{"dataset_name": "iris-test"}]
assert mlflow.search_logged_models(
    filter_string="metrics.accuracy > 0.5", datasets=on_test, output_format="list"
)
assert not mlflow.search_logged_models(
    filter_string="metrics.train_accuracy > 0.5", datasets=on_test, output_format="list"
)
# Datasets without a metric in the filter: whatever was measured on them.
unmeasured = client.create_logged_model(experiment.experiment_id)
assert len(client.search_logged_models([experiment.experiment_id])) == 2
for datasets in (on_test, [{"dataset_name": "iris-test", "dataset_digest": data.digest}]):
    found = mlflow.search_logged_models(datasets=datasets, output_format="list")
    assert [m.model_id for m in found] == [info.model_id], datasets
client.delete_logged_model(unmeasured.model_id)

# Autologging: a plain fit and a grid search with its child runs.
mlflow.autolog(log_input_examples=True, log_model_signatures=True)
forest = RandomForestClassifier(n_estimators=5, random_state=0).fit(train_x, train_y)
run = mlflow.last_active_run()
assert run.data.params["n_estimators"] == "5" and run.data.metrics["training_score"] > 0.9
assert run.inputs.dataset_inputs and run.info.status == "FINISHED"
[output] = run.outputs.model_outputs
assert np.array_equal(
    mlflow.sklearn.load_model(f"models:/{output.model_id}").predict(test_x), forest.predict(test_x)
)
search = GridSearchCV(LogisticRegression(max_iter=500), {"C": [0.1, 1.0, 10.0]}, cv=2)
search.fit(train_x, train_y)
run = mlflow.last_active_run()
children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{run.info.run_id}'")
assert len(children) == 3 and run.data.params["best_C"] == str(search.best_params_["C"])
mlflow.autolog(disable=True)

best = mlflow.search_logged_models(
    order_by=[{"field_name": "metrics.accuracy", "ascending": False}], output_format="list"
)
assert best[0].model_id == info.model_id
page = client.search_logged_models([experiment.experiment_id], max_results=1)
assert len(page) == 1 and page.token
rest = client.search_logged_models([experiment.experiment_id], max_results=50, page_token=page.token)
assert {m.model_id for m in page}.isdisjoint({m.model_id for m in rest})

client.delete_logged_model(info.model_id)
try:
    client.get_logged_model(info.model_id)
    raise AssertionError("a deleted model was found")
except mlflow.exceptions.MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST", error.error_code

# A model of one's own code.


class AddN(mlflow.pyfunc.PythonModel):
    def __init__(self, n):
        self.n = n

    def predict(self, context, model_input: pd.DataFrame):
        return model_input + self.n


with mlflow.start_run():
    info = mlflow.pyfunc.log_model(name="add", python_model=AddN(5))
added = mlflow.pyfunc.load_model(info.model_uri).predict(pd.DataFrame({"x": [1, 2]}))
assert added["x"].tolist() == [6, 7]
print("models: done")
