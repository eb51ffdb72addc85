"""
Models of other libraries than scikit-learn through the unmodified client: log_model, autolog, registration, loading
back, evaluation; then converted by the server, deployed, and asked over the Open Inference Protocol, where they must
say what their own library says.
"""

import os
import tempfile

import lightgbm
import mlflow
import numpy as np
import onnx
import torch
import xgboost
from conversion_checks import (
    call, cancer_x, cancer_y, client, close, converted, deployed, iris_x, iris_y, log, matrix, sugar_x, sugar_y,
)  # fmt: skip
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# XGBoost: an estimator with gaps in its numbers, and a bare booster.
gaps = cancer_x.copy()
gaps.iloc[::7, 3] = np.nan
boosted = xgboost.XGBClassifier(n_estimators=30, max_depth=4).fit(gaps, cancer_y)
version = log(mlflow.xgboost, "cancer-xgb", boosted, gaps, boosted.predict)
converted("cancer-xgb", version)
labels, probabilities = deployed("cancer-xgb", matrix(gaps), ["label", "probabilities"])
close(probabilities, boosted.predict_proba(gaps))
assert np.array_equal(labels, boosted.predict(gaps))
booster = xgboost.train({"objective": "reg:squarederror"}, xgboost.DMatrix(sugar_x, sugar_y), 30)


def booster_predict(table):
    return booster.predict(xgboost.DMatrix(table))


version = log(mlflow.xgboost, "sugar-xgb", booster, sugar_x, booster_predict)
converted("sugar-xgb", version)
[prediction] = deployed("sugar-xgb", matrix(sugar_x), ["prediction"])
close(prediction, booster_predict(sugar_x))

# LightGBM: an estimator, and a bare booster.
light = lightgbm.LGBMClassifier(n_estimators=20, verbose=-1).fit(iris_x, iris_y)
version = log(mlflow.lightgbm, "iris-lgb", light, iris_x, light.predict)
converted("iris-lgb", version)
labels, probabilities = deployed("iris-lgb", matrix(iris_x), ["label", "probabilities"])
close(probabilities, light.predict_proba(iris_x))
assert np.array_equal(labels, light.predict(iris_x))
lighter = lightgbm.train({"objective": "regression", "verbose": -1}, lightgbm.Dataset(sugar_x, sugar_y), 30)
version = log(mlflow.lightgbm, "sugar-lgb", lighter, sugar_x, lighter.predict)
converted("sugar-lgb", version)
[prediction] = deployed("sugar-lgb", matrix(sugar_x), ["prediction"])
close(prediction, lighter.predict(sugar_x))

# PyTorch.
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(4, 16), torch.nn.ReLU(), torch.nn.Linear(16, 3)).eval()
iris_f = iris_x.to_numpy(dtype="float32")


def net_predict(rows):
    with torch.no_grad():
        return net(torch.from_numpy(np.asarray(rows))).numpy()


version = log(mlflow.pytorch, "iris-net", net, iris_f, net_predict)
parity = converted("iris-net", version)
[prediction] = deployed("iris-net", {"input": iris_f}, ["prediction"])
close(prediction, net_predict(iris_f))

# ONNX, in one file and with its weights beside it.
logit = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(cancer_x, cancer_y)
proto = to_onnx(logit, cancer_x.head(1).to_numpy(dtype="float32"), options={"zipmap": False})
with mlflow.start_run():
    mlflow.onnx.log_model(
        proto, name="cancer-onnx", registered_model_name="cancer-onnx",
        save_as_external_data=False, pip_requirements=[],
    )  # fmt: skip
[probabilities] = deployed("cancer-onnx", {proto.graph.input[0].name: matrix(cancer_x)["input"]}, ["probabilities"])
close(probabilities, logit.predict_proba(cancer_x))
weights = torch.nn.Linear(64, 64)
with tempfile.TemporaryDirectory() as folder, mlflow.start_run():
    path = os.path.join(folder, "wide.onnx")
    torch.onnx.export(
        weights, (torch.zeros(2, 64),), path, dynamo=False, input_names=["x"], output_names=["y"],
        dynamic_axes={"x": {0: "rows"}, "y": {0: "rows"}},
    )  # fmt: skip
    mlflow.onnx.log_model(onnx.load(path), name="wide", registered_model_name="wide", pip_requirements=[])
converted("wide", 1)
wide = np.random.default_rng(7).standard_normal((5, 64)).astype("float32")
[prediction] = deployed("wide", {"x": wide}, ["y"])
with torch.no_grad():
    close(prediction, weights(torch.from_numpy(wide)).numpy())

# What cannot be converted stays what it was, and says why.
xgb_forest = xgboost.XGBRFClassifier(n_estimators=10).fit(iris_x, iris_y)
version = log(mlflow.xgboost, "iris-xgbrf", xgb_forest, iris_x, xgb_forest.predict)
try:
    converted("iris-xgbrf", version)
    raise RuntimeError("a twin that says something else was bound")
except AssertionError as error:
    assert "parity" in str(error), error
assert "differs" in client.get_model_version("iris-xgbrf", version).status_message
assert not call("GET", f"/api/registry/models/iris-xgbrf/versions/{version}")["servable"]

# Autologging of each library.
mlflow.autolog(log_input_examples=True, log_model_signatures=True)
for library, fit in {
    "sklearn": lambda: LogisticRegression(max_iter=500).fit(iris_x, iris_y),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=5).fit(iris_x, iris_y),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(iris_x, iris_y),
}.items():
    model = fit()
    run = mlflow.last_active_run()
    assert run.info.status == "FINISHED" and run.data.params, library
    [output] = run.outputs.model_outputs
    logged = mlflow.pyfunc.load_model(f"models:/{output.model_id}")
    close(logged.predict(iris_x), model.predict(iris_x))
    assert mlflow.get_logged_model(output.model_id).source_run_id == run.info.run_id
mlflow.autolog(disable=True)

# Evaluation, by the name of a registered version.
table = cancer_x.assign(label=cancer_y)
with mlflow.start_run():
    mlflow.sklearn.log_model(logit, name="logit", registered_model_name="cancer-logit", pip_requirements=[])
for name in ("cancer-xgb", "cancer-logit"):
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(f"models:/{name}/1", table, targets="label", model_type="classifier")
    assert result.metrics["accuracy_score"] > 0.9, (name, result.metrics)
    kept = client.get_run(run.info.run_id)
    assert abs(kept.data.metrics["accuracy_score"] - result.metrics["accuracy_score"]) < 1e-9
print("flavours: done")
