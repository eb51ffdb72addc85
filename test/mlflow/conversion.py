"""
scikit-learn models through the unmodified client: logged, registered, converted by the server, deployed, and asked
over the Open Inference Protocol, where they must say what scikit-learn says.
"""

import mlflow
import numpy as np
import pandas as pd
from conversion_checks import (
    call, cancer_x, cancer_y, client, close, converted, deployed, iris_x, iris_y, log, matrix,
)  # fmt: skip
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

TREE = "sklearn.tree._tree.Tree"
HIST = "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"
random = np.random.default_rng(7)
people = pd.DataFrame(
    {
        "age": random.integers(18, 90, 400),
        "city": random.choice(["Bern", "Genève", "Zürich"], 400),
        "income": np.round(random.uniform(1e3, 9e3, 400)),
    }
)
people.loc[::9, "income"] = np.nan
owns = ((people.age > 40) ^ (people.city == "Bern")).astype(int)

# A classifier on a matrix.
logit = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(cancer_x, cancer_y)
version = log(mlflow.sklearn, "cancer-logit", logit, cancer_x, logit.predict)
assert "Convert" in client.get_model_version("cancer-logit", version).status_message
parity = converted("cancer-logit", version)
assert parity["rows"]["example"] == 5 and parity["rows"]["drawn"] > 100, parity
assert "twin" in client.get_model_version("cancer-logit", version).status_message
labels, probabilities = deployed("cancer-logit", matrix(cancer_x), ["label", "probabilities"])
close(probabilities, logit.predict_proba(cancer_x))
assert np.array_equal(labels, logit.predict(cancer_x))
features = call("GET", f"/api/registry/models/cancer-logit/versions/{version}")["signature"]["features"]
assert features == list(cancer_x.columns), features

# Trees, with labels that are texts.
species = np.array(["setosa", "versicolor", "virginica"])[iris_y]
forest = RandomForestClassifier(20, random_state=0).fit(iris_x, species)
with mlflow.start_run():
    mlflow.sklearn.log_model(
        forest, name="iris-forest", registered_model_name="iris-forest",
        skops_trusted_types=[TREE], input_example=iris_x.head(4), pip_requirements=[],
    )  # fmt: skip
converted("iris-forest", 1)
labels, probabilities = deployed("iris-forest", matrix(iris_x), ["label", "probabilities"])
close(probabilities, forest.predict_proba(iris_x))
assert [label.decode() for label in labels] == forest.predict(iris_x).tolist()

# Without an example or a signature: the rows are drawn.
hist = HistGradientBoostingClassifier(max_iter=20).fit(cancer_x, cancer_y)
with mlflow.start_run():
    mlflow.sklearn.log_model(
        hist, name="cancer-hist", registered_model_name="cancer-hist",
        skops_trusted_types=[HIST], pip_requirements=[],
    )  # fmt: skip
parity = converted("cancer-hist", 1)
assert list(parity["rows"]) == ["drawn"], parity
[probabilities] = deployed("cancer-hist", matrix(cancer_x), ["probabilities"])
close(probabilities, hist.predict_proba(cancer_x))

# Texts, integers and gaps, by name: one tensor a column.
columns = ColumnTransformer(
    [
        ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
        ("income", make_pipeline(SimpleImputer(), StandardScaler()), ["income"]),
        ("age", "passthrough", ["age"]),
    ]
)
mixed = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(people, owns)
version = log(mlflow.sklearn, "people-mixed", mixed, people, mixed.predict, skops_trusted_types=["numpy.dtype"])
parity = converted("people-mixed", version)
shown = call("GET", f"/api/registry/models/people-mixed/versions/{version}")["signature"]["inputs"]
kinds = {tensor["name"]: tensor["datatype"] for tensor in shown}
assert kinds == {"age": "INT64", "city": "BYTES", "income": "FP32"}, kinds
inputs = {
    "age": people[["age"]].to_numpy(dtype="int64"),
    "city": people[["city"]].to_numpy(dtype=object),
    "income": people[["income"]].to_numpy(dtype="float32"),
}
labels, probabilities = deployed("people-mixed", inputs, ["label", "probabilities"])
close(probabilities, mixed.predict_proba(people))
assert np.array_equal(labels, mixed.predict(people))

# Numbers by name: still one matrix.
scaled = ColumnTransformer([("a", StandardScaler(), ["mean area"]), ("b", "passthrough", ["mean texture"])])
named = make_pipeline(scaled, LogisticRegression(max_iter=1000)).fit(cancer_x, cancer_y)
version = log(mlflow.sklearn, "cancer-named", named, cancer_x, named.predict)
converted("cancer-named", version)
[probabilities] = deployed("cancer-named", matrix(cancer_x), ["probabilities"])
close(probabilities, named.predict_proba(cancer_x))
print("conversion: done")
