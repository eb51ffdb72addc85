"""The whole grammar of run and experiment search, checked against what was logged."""

import math
import os

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

mlflow.set_tracking_uri(os.environ["MLFLOW_TRACKING_URI"])
client = MlflowClient()
experiment_id = mlflow.create_experiment("search", tags={"team": "risk", "Tier": "Gold"})
runs = {}
for i in range(10):
    run = client.create_run(experiment_id, start_time=1_000_000 + i, run_name=f"Run {i}")
    run_id = run.info.run_id
    runs[i] = run_id
    client.log_metric(run_id, "auc", i / 10)
    client.log_metric(run_id, "val/loss-1 (%)".replace(" (%)", ""), 10 - i)
    client.log_param(run_id, "model", "Forest" if i % 2 else "linear")
    client.set_tag(run_id, "note.with.dots", f"value {i}")
    if i < 5:
        client.set_tag(run_id, "half", "lower")
        client.log_metric(run_id, "half metric", i % 3)
    client.set_terminated(run_id, "FINISHED" if i else "FAILED", end_time=2_000_000 + i)
client.log_metric(runs[4], "half metric", math.nan, step=1)
numbers = {run_id: i for i, run_id in runs.items()}


def search(text="", order=("attributes.start_time ASC",), **more):
    found = client.search_runs([experiment_id], text, order_by=list(order), **more)
    return [numbers[r.info.run_id] for r in found]


def same(text, wanted, **more):
    got = search(text, **more)
    assert got == wanted, (text, got, wanted)


same("", list(range(10)))
same("metrics.auc > 0.65", [7, 8, 9])
same("metric.auc >= 0.7 and metrics.`val/loss-1` < 2", [9])
same('metrics."val/loss-1" != 10', list(range(1, 10)))
same("metrics.auc = 0.3", [3])
same("metrics.auc <= 1e-1", [0, 1])
same("params.model = 'Forest'", [1, 3, 5, 7, 9])
same("parameters.model LIKE 'For%'", [1, 3, 5, 7, 9])
same("params.model LIKE 'for%'", [])
same("param.model ILIKE 'FOR%'", [1, 3, 5, 7, 9])
same("params.model != 'Forest' AND metrics.auc > 0.5", [6, 8])
same("params.model LIKE '_inea_'", [0, 2, 4, 6, 8])
same("tags.half = 'lower'", [0, 1, 2, 3, 4])
same("tags.half IS NULL", [5, 6, 7, 8, 9])
same("tags.half IS NOT NULL AND params.missing IS NULL", [0, 1, 2, 3, 4])
same("tags.missing != 'x'", [])
same('tags."note.with.dots" = "value 3"', [3])
same("tags.note.with.dots = 'value 3'", [3])
same("tag.`note.with.dots` LIKE '%3'", [3])
same("attributes.status = 'FAILED'", [0])
same("status != 'FINISHED'", [0])
same("attributes.run_name = 'Run 2'", [2])
same("run_name ILIKE 'run %' and attribute.start_time >= 1000008", [8, 9])
same("attributes.`Run name` = 'Run 2'", [2])
same("created > 1000008", [9])
same("end_time < 2000002", [0, 1])
same(f"attributes.run_id = '{runs[5]}'", [5])
same(f"run_id IN ('{runs[5]}', '{runs[6]}')", [5, 6])
same(f"attributes.run_id NOT IN ('{runs[5]}','{runs[6]}') AND metrics.auc > 0.3", [4, 7, 8, 9])
same(f"attributes.artifact_uri LIKE '%{runs[1]}%'", [1])
same("user_id != 'nobody' and metrics.auc > 0.85", [9])

# Orders: missing last, NaN before missing, ties by the newest start.
same("", list(range(9, -1, -1)), order=["metrics.auc DESC"])
same("", list(range(9, -1, -1)), order=[])
same("", [3, 0, 1, 2, 4, 9, 8, 7, 6, 5], order=["metrics.`half metric` ASC"])
same("", [2, 1, 3, 0, 4, 9, 8, 7, 6, 5], order=["metrics.`half metric` DESC"])
same("", [9, 7, 5, 3, 1, 8, 6, 4, 2, 0], order=["params.model ASC", "metrics.auc DESC"])
same("", [4, 3, 2, 1, 0, 9, 8, 7, 6, 5], order=["tags.half"])
same("", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], order=["attributes.run_name asc"])
same("", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0], order=["attribute.end_time DESC"])

# Pages, also across the border between runs that have the metric and those that do not.
for order in (["attributes.start_time ASC"], ["metrics.`half metric` DESC"], ["metrics.auc DESC"]):
    whole, pages, token = search(order=order), [], None
    while True:
        page = client.search_runs([experiment_id], order_by=order, max_results=3, page_token=token)
        pages += [numbers[r.info.run_id] for r in page]
        token = page.token
        if not token:
            break
    assert pages == whole, (order, pages, whole)
full = client.search_runs([experiment_id], max_results=10)
assert full.token and len(client.search_runs([experiment_id], max_results=10, page_token=full.token)) == 0

# What the grammar does not know is the caller's error.
for text in (
    "metrics.auc > '0.5'",
    "params.model > 'a'",
    "params.model = Forest",
    "metrics.auc > 0.5 OR metrics.auc < 0.1",
    "(metrics.auc > 0.5)",
    "nonsense.key = 'x'",
    "attributes.unknown = 'x'",
    "metrics.auc",
    "metrics.auc >",
    "run_name IN ('a')",
    "run_id IN ()",
    "metrics.auc IS NULL",
    "dataset.color = 'x'",
    "start_time = 'yesterday'",
    "params.model = 'it",
):
    try:
        search(text)
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", (text, error.error_code)
    else:
        raise AssertionError(f"accepted: {text}")
for order in ("metrics.auc SIDEWAYS", "unknown.key", "attributes.unknown ASC", "metrics.a b c"):
    try:
        search(order=[order])
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", (order, error.error_code)
    else:
        raise AssertionError(f"accepted: {order}")
for size in (0, 50_001):
    try:
        client.search_runs([experiment_id], max_results=size)
    except MlflowException as error:
        assert error.error_code == "INVALID_PARAMETER_VALUE", error.error_code
    else:
        raise AssertionError("accepted a page size beyond the limit")

# Datasets.
import pandas as pd

with mlflow.start_run(run_id=runs[2]):
    mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"x": [1]}), name="train"), context="training")
same("dataset.name = 'train'", [2])
same("dataset.context IN ('training', 'eval') AND datasets.name LIKE 'tr%'", [2])
same("dataset.name = 'other'", [])

# Experiments.
mlflow.create_experiment("search-2", tags={"team": "ops"})
mlflow.create_experiment("other", tags={"team": "ops"})


def experiments(text="", order=None, **more):
    return [e.name for e in client.search_experiments(filter_string=text, order_by=order, **more)]


assert experiments("name LIKE 'search%'") == ["search-2", "search"]
assert experiments("name ILIKE 'SEARCH%'", ["name ASC"]) == ["search", "search-2"]
assert experiments("tags.team = 'ops'") == ["other", "search-2"]
assert experiments("tags.Tier = 'Gold' AND attribute.name != 'x'") == ["search"]
assert experiments("tags.team IS NULL AND name != 'Default'") == []
assert experiments("creation_time > 0 AND name = 'other'") == ["other"]
assert experiments(f"experiment_id IN ('{experiment_id}')") == ["search"]
first = client.search_experiments(max_results=2, order_by=["creation_time DESC"])
assert [e.name for e in first] == ["other", "search-2"]
second = client.search_experiments(max_results=2, order_by=["creation_time DESC"], page_token=first.token)
assert [e.name for e in second] == ["search", "Default"] and not second.token
client.delete_experiment(client.get_experiment_by_name("other").experiment_id)
assert experiments("name = 'other'") == []
assert experiments("name = 'other'", view_type=ViewType.DELETED_ONLY) == ["other"]
assert len(experiments(view_type=ViewType.ALL)) == 4
print("search: done")
