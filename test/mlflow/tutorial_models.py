"""Models of one's own, with code, files and parameters; and evaluations of a model and of a table of answers."""

import os
import tempfile

import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

client = MlflowClient()
iris_x, iris_y = load_iris(return_X_y=True, as_frame=True)
mlflow.set_experiment("of one's own")


# A model of one's own, with its code, its files and its parameters.
class Shifted(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        with open(context.artifacts["offset"]) as file:
            self.offset = float(file.read())

    def predict(self, context, model_input: pd.DataFrame, params=None):
        return model_input["x"] * (params or {}).get("scale", 1.0) + self.offset


with tempfile.TemporaryDirectory() as folder, mlflow.start_run():
    path = os.path.join(folder, "offset.txt")
    with open(path, "w") as file:
        file.write("2.5")
    signature = mlflow.models.infer_signature(pd.DataFrame({"x": [1.0]}), np.array([1.0]), {"scale": 1.0})
    own = mlflow.pyfunc.log_model(
        name="shifted", python_model=Shifted(), artifacts={"offset": path}, signature=signature, pip_requirements=[],
        registered_model_name="shifted",
    )  # fmt: skip
    code = os.path.join(folder, "as_code.py")
    with open(code, "w") as file:
        file.write(
            "import mlflow\n\nclass Twice(mlflow.pyfunc.PythonModel):\n"
            "    def predict(self, context, model_input: list[int]) -> list[int]:\n"
            "        return [2 * one for one in model_input]\n\nmlflow.models.set_model(Twice())\n"
        )
    coded = mlflow.pyfunc.log_model(name="twice", python_model=code, pip_requirements=[])
shifted = mlflow.pyfunc.load_model("models:/shifted/1")
assert list(shifted.predict(pd.DataFrame({"x": [1.0, 2.0]}), params={"scale": 10.0})) == [12.5, 22.5]
assert mlflow.pyfunc.load_model(coded.model_uri).predict([1, 2]) == [2, 4]

# Evaluation of a model, and of a table of answers.
classifier = LogisticRegression(max_iter=300).fit(iris_x, iris_y == 1)
with mlflow.start_run(run_name="judged") as run:
    logged = mlflow.sklearn.log_model(classifier, name="judged", pip_requirements=[])
    table = iris_x.assign(target=iris_y == 1)
    judged = mlflow.models.evaluate(
        logged.model_uri, table, targets="target", model_type="classifier", evaluator_config={"log_explainer": False}
    )
kept = client.get_run(run.info.run_id)
assert kept.data.metrics["accuracy_score"] == judged.metrics["accuracy_score"]
assert {"confusion_matrix.png", "roc_curve_plot.png"} <= {f.path for f in client.list_artifacts(run.info.run_id)}
with mlflow.start_run(run_name="answers") as run:
    answers = pd.DataFrame({"target": [1.0, 2.0, 3.0], "guess": [1.1, 1.9, 3.2]})
    mlflow.models.evaluate(data=answers, predictions="guess", targets="target", model_type="regressor")
assert client.get_run(run.info.run_id).data.metrics["mean_absolute_error"] < 0.2
print("tutorial_models: done")
