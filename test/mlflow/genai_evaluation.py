"""Evaluation datasets, registered scorers, and an evaluation over a dataset with a plain Python scorer."""

import json

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.genai import datasets, scorer
from mlflow.tracking._tracking_service.utils import _get_store

experiment = mlflow.set_experiment("questions").experiment_id
made = datasets.create_dataset(name="capitals", experiment_id=[experiment], tags={"team": "geo"})
assert made.dataset_id.startswith("d-") and made.tags["team"] == "geo" and made.experiment_ids == [experiment]
made.merge_records(
    [
        {"inputs": {"country": name, "style": "short"}, "expectations": {"expected": city}}
        for name, city in [("France", "Paris"), ("Japan", "Tokyo"), ("Peru", "Lima")]
    ]
)
made.merge_records([{"inputs": {"style": "short", "country": "Peru"}, "expectations": {"note": "seat"}}])
frame = made.to_df()
assert len(frame) == 3, frame
peru = next(row for row in frame.to_dict("records") if row["inputs"]["country"] == "Peru")
assert peru["expectations"] == {"expected": "Lima", "note": "seat"}, peru

store = _get_store()
first, token = store._load_dataset_records(made.dataset_id, max_results=2)
second, end = store._load_dataset_records(made.dataset_id, max_results=2, page_token=token)
assert [r.inputs["country"] for r in first + second] == ["France", "Japan", "Peru"] and end is None

known = datasets.get_dataset(dataset_id=made.dataset_id)
assert json.loads(known.profile)["num_records"] == 3 and known.digest != made.digest or known.digest
assert json.loads(known.schema)["inputs"] == {"country": "string", "style": "string"}
found = datasets.search_datasets(experiment_ids=[experiment], filter_string="name LIKE 'cap%'")
assert [one.dataset_id for one in found] == [made.dataset_id]
assert len(datasets.search_datasets(filter_string="tags.team = 'other'")) == 0
datasets.set_dataset_tags(dataset_id=made.dataset_id, tags={"team": "maps", "year": "2026"})
datasets.delete_dataset_tag(dataset_id=made.dataset_id, key="year")
tags = datasets.get_dataset(dataset_id=made.dataset_id).tags
assert tags["team"] == "maps" and "year" not in tags, tags
other = mlflow.create_experiment("others")
datasets.add_dataset_to_experiments(dataset_id=made.dataset_id, experiment_ids=[other])
assert set(store.get_dataset_experiment_ids(made.dataset_id)) == {experiment, other}
left = datasets.remove_dataset_from_experiments(dataset_id=made.dataset_id, experiment_ids=[other])
assert left.experiment_ids == [experiment]

text = json.dumps({"name": "opaque", "call_source": "raise SystemExit('must not run')"})
assert store.register_scorer(experiment, "opaque", text).scorer_version == 1
assert store.register_scorer(experiment, "opaque", text).scorer_version == 2
assert [s.scorer_version for s in store.list_scorers(experiment)] == [2]
assert [s.scorer_version for s in store.list_scorer_versions(experiment, "opaque")] == [1, 2]
kept = store.get_scorer(experiment, "opaque", 1)
assert kept._serialized_scorer == text and kept.scorer_id
store.delete_scorer(experiment, "opaque", 1)
# The command line of evaluations reads these words to say which scorers there are.
try:
    store.get_scorer(experiment, "nobody")
    raise AssertionError("a scorer that is not there was found")
except mlflow.exceptions.MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST" and "not found" in str(error), error
assert [s.scorer_version for s in store.list_scorer_versions(experiment, "opaque")] == [2]
store.delete_scorer(experiment, "opaque")
try:
    store.get_scorer(experiment, "opaque")
    raise AssertionError("deleted")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"


@scorer
def is_right(outputs, expectations):
    return outputs == expectations["expected"]


def answer(country, style):
    return {"France": "Paris", "Japan": "Kyoto", "Peru": "Lima"}[country]


result = mlflow.genai.evaluate(data=made, predict_fn=answer, scorers=[is_right])
assert abs(result.metrics["is_right/mean"] - 2 / 3) < 1e-9, result.metrics
run = mlflow.get_run(result.run_id)
assert abs(run.data.metrics["is_right/mean"] - 2 / 3) < 1e-9
assert any(one.dataset.name == "capitals" for one in run.inputs.dataset_inputs), run.inputs
traces = mlflow.search_traces(locations=[experiment], run_id=result.run_id, return_type="list")
assert len(traces) == 3, len(traces)
verdicts = {
    t.info.trace_id: [a.value for a in t.info.assessments if a.name == "is_right"] for t in traces
}
assert sorted(v[0] for v in verdicts.values()) == [False, True, True], verdicts

datasets.delete_dataset(dataset_id=made.dataset_id)
try:
    datasets.get_dataset(dataset_id=made.dataset_id)
    raise AssertionError("deleted")
except MlflowException as error:
    assert error.error_code == "RESOURCE_DOES_NOT_EXIST"
# Deleting what is gone is no error, of a dataset or of its tags.
datasets.delete_dataset(dataset_id=made.dataset_id)
datasets.delete_dataset_tag(dataset_id=made.dataset_id, key="team")
print("genai_evaluation: done")
