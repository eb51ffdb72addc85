"""Autologging: libraries that log by themselves, a grid search with its children, a network trained by hand."""

import lightgbm
import mlflow
import numpy as np
import torch
import xgboost
from mlflow import MlflowClient
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

client = MlflowClient()
iris_x, iris_y = load_iris(return_X_y=True, as_frame=True)
sugar_x, sugar_y = load_diabetes(return_X_y=True, as_frame=True)
experiment = mlflow.set_experiment("by itself")

mlflow.sklearn.autolog(max_tuning_runs=4, log_datasets=True)
search = GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1, 10]}, cv=3).fit(iris_x, iris_y)
parent = mlflow.last_active_run()
children = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'")
assert len(children) == 3, children
assert abs(parent.data.metrics["best_cv_score"] - search.best_score_) < 1e-9
assert {"cv_results.csv", "best_estimator", "estimator"} & {f.path for f in client.list_artifacts(parent.info.run_id)}
assert parent.inputs.dataset_inputs, "the training data is recorded"
with mlflow.start_run(run_name="forest") as run:
    forest = RandomForestRegressor(n_estimators=8, max_depth=3).fit(sugar_x, sugar_y)
    forest.score(sugar_x, sugar_y)
kept = client.get_run(run.info.run_id).data
assert kept.params["n_estimators"] == "8" and "training_r2_score" in kept.metrics, kept
mlflow.sklearn.autolog(disable=True)

mlflow.xgboost.autolog(model_format="ubj")
with mlflow.start_run(run_name="boosted") as run:
    data = xgboost.DMatrix(sugar_x, label=sugar_y)
    xgboost.train({"max_depth": 2}, data, 6, evals=[(data, "train")], verbose_eval=False)
assert len(client.get_metric_history(run.info.run_id, "train-rmse")) == 6
mlflow.xgboost.autolog(disable=True)
mlflow.lightgbm.autolog()
with mlflow.start_run(run_name="light") as run:
    lightgbm.train({"verbose": -1}, lightgbm.Dataset(sugar_x, sugar_y), 5, valid_sets=[lightgbm.Dataset(sugar_x, sugar_y)])
assert client.get_run(run.info.run_id).data.metrics
mlflow.lightgbm.autolog(disable=True)

# A network trained by hand, with its curve and its states.
net = torch.nn.Linear(4, 3)
optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
rows = torch.tensor(iris_x.to_numpy(dtype="float32"))
with mlflow.start_run(run_name="network") as run:
    for epoch in range(4):
        loss = torch.nn.functional.cross_entropy(net(rows), torch.tensor(iris_y.to_numpy()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mlflow.log_metric("loss", float(loss), step=epoch)
    mlflow.pytorch.log_state_dict(net.state_dict(), artifact_path="checkpoint")
    info = mlflow.pytorch.log_model(net, name="network", pip_requirements=[], input_example=rows[:2].numpy())
state = mlflow.pytorch.load_state_dict(f"runs:/{run.info.run_id}/checkpoint")
assert set(state) == {"weight", "bias"}
with torch.no_grad():
    assert np.allclose(mlflow.pytorch.load_model(info.model_uri)(rows), net(rows))
print("tutorial_autolog: done")
