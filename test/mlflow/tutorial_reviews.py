"""People judge traces: questions, queues, issues; and scorers that are registered, listed and run by the client."""

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, IssueReference
from mlflow.entities.issue import IssueSeverity, IssueStatus
from mlflow.exceptions import MlflowException
from mlflow.genai import label_schemas, review_queues, scorer, scorers
from mlflow.genai.label_schemas import InputCategorical, InputNumeric, InputPassFail, InputText
from mlflow.tracking._tracking_service.utils import _get_store

client = MlflowClient()
store = _get_store()
experiment = mlflow.set_experiment("judged").experiment_id


def expect(code, action):
    try:
        action()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return str(error)
    raise AssertionError(f"{code} was expected")


@mlflow.trace
def answer(question):
    return f"about {question}"


ids = []
for i in range(6):
    answer(str(i))
    ids.append(mlflow.get_last_active_trace_id())
mlflow.flush_trace_async_logging()

# Questions. One is there from the start, and stays.
[own] = label_schemas.list_label_schemas(experiment_id=experiment)
assert own.is_default and isinstance(own.input, InputText) and own.type == "feedback"
assert label_schemas.get_label_schema(schema_id=own.schema_id).name == own.name
expect("INVALID_PARAMETER_VALUE", lambda: label_schemas.delete_label_schema(schema_id=own.schema_id))
expect("INVALID_PARAMETER_VALUE", lambda: label_schemas.update_label_schema(own.schema_id, name="mine"))
right = label_schemas.create_label_schema(
    name="right", type="feedback", input=InputPassFail("Right", "Wrong"), experiment_id=experiment,
    instruction="Is it right?", enable_comment=True,
)  # fmt: skip
assert right.schema_id.startswith("ls-") and right.enable_comment and right.input == InputPassFail("Right", "Wrong")
tone = label_schemas.create_label_schema(
    name="tone", type="feedback", input=InputCategorical(["warm", "cold"], multi_select=True), experiment_id=experiment
)
grade = label_schemas.create_label_schema(
    name="grade", type="feedback", input=InputNumeric(0, 5), experiment_id=experiment
)
ideal = label_schemas.create_label_schema(
    name="ideal", type="expectation", input=InputText(max_length=200), experiment_id=experiment
)
assert (grade.input.min_value, grade.input.max_value, ideal.input.max_length) == (0, 5, 200)
expect("RESOURCE_ALREADY_EXISTS", lambda: store.create_label_schema(experiment, name="right", type="feedback", input=InputText()))
expect("INVALID_PARAMETER_VALUE", lambda: store.create_label_schema(experiment, name=" feedback", type="feedback", input=InputText()))
expect("INVALID_PARAMETER_VALUE", lambda: store.create_label_schema(experiment, name="x", type="feedback", input=InputNumeric(5, 0)))
expect("INVALID_PARAMETER_VALUE", lambda: label_schemas.update_label_schema(grade.schema_id, input=InputText()))
changed = label_schemas.update_label_schema(tone.schema_id, name="voice", input=InputCategorical(["warm", "cold", "dry"], True))
assert changed.name == "voice" and changed.input.options == ["warm", "cold", "dry"] and changed.type == "feedback"
expect("RESOURCE_ALREADY_EXISTS", lambda: label_schemas.update_label_schema(tone.schema_id, name="right"))
assert store.get_label_schema_by_name(experiment, "voice").schema_id == tone.schema_id
assert [s.name for s in label_schemas.list_label_schemas(experiment_id=experiment)][-1] == own.name
first = store.list_label_schemas(experiment, max_results=3)
assert len(first) == 3 and len(store.list_label_schemas(experiment, max_results=3, page_token=first.token)) == 2
label_schemas.delete_label_schema(schema_id=ideal.schema_id)
label_schemas.delete_label_schema(schema_id=ideal.schema_id)
expect("RESOURCE_DOES_NOT_EXIST", lambda: label_schemas.get_label_schema(schema_id=ideal.schema_id))

# Queues.
queue = review_queues.create_review_queue(
    "Week 1", queue_type="custom", users=["Ann ", "bob"], schema_ids=[right.schema_id, own.schema_id], experiment_id=experiment
)
assert queue.queue_id.startswith("rq-") and queue.users == ["ann", "bob"] and len(queue.schema_ids) == 2
expect("RESOURCE_ALREADY_EXISTS", lambda: review_queues.create_review_queue("week 1", queue_type="custom", experiment_id=experiment))
expect("INVALID_PARAMETER_VALUE", lambda: review_queues.create_review_queue("Default", queue_type="custom", experiment_id=experiment))
mine = review_queues.get_or_create_user_queue("Ann", experiment_id=experiment)
assert mine.name == "ann" and review_queues.get_or_create_user_queue("ANN", experiment_id=experiment).queue_id == mine.queue_id
expect("INVALID_PARAMETER_VALUE", lambda: review_queues.update_review_queue(mine.queue_id, users=["bob"]))
items = review_queues.add_items_to_review_queue(queue.queue_id, item_ids=ids[:4])
assert [i.item_id for i in items] == ids[:4] and {str(i.status) for i in items} == {"pending"}
assert len(review_queues.add_items_to_review_queue(queue.queue_id, item_ids=ids[:5])) == 5
expect("INVALID_PARAMETER_VALUE", lambda: review_queues.update_review_queue(queue.queue_id, schema_ids=[grade.schema_id]))
done = review_queues.set_review_queue_item_status(queue.queue_id, item_id=ids[0], status="complete", completed_by="Ann")
assert done.completed_by == "ann" and done.completed_time_ms
again = review_queues.set_review_queue_item_status(queue.queue_id, item_id=ids[0], status="complete", completed_by="bob")
assert again.completed_by == "ann", "who was first stays named"
review_queues.set_review_queue_item_status(queue.queue_id, item_id=ids[1], status="declined", completed_by="bob")
expect("INVALID_PARAMETER_VALUE", lambda: store.set_review_queue_item_status(queue.queue_id, item_id=ids[2], status="complete"))
assert [i.item_id for i in review_queues.list_review_queue_items(queue.queue_id, status="complete")] == [ids[0]]
assert len(review_queues.list_review_queue_items(queue.queue_id, status="pending")) == 3
opened = review_queues.set_review_queue_item_status(queue.queue_id, item_id=ids[0], status="pending")
assert opened.completed_by is None
review_queues.remove_items_from_review_queue(queue.queue_id, item_ids=[ids[4]])
assert len(review_queues.list_review_queue_items(queue.queue_id)) == 4
assert {q.queue_id for q in review_queues.list_review_queues(experiment_id=experiment, user="ann")} == {queue.queue_id, mine.queue_id}
assert [q.queue_id for q in store.list_review_queues(experiment, item_id=ids[0])] == [queue.queue_id]
renamed = review_queues.update_review_queue(queue.queue_id, name="Week one", users=["cleo"])
assert (renamed.name, renamed.users) == ("Week one", ["cleo"])
assert store.get_review_queue_by_name(experiment, name="WEEK ONE").queue_id == queue.queue_id
assert review_queues.get_review_queue(queue.queue_id).name == "Week one"
client.delete_traces(experiment, trace_ids=[ids[3]])
assert len(review_queues.list_review_queue_items(queue.queue_id)) == 3, "what is deleted needs no review"
review_queues.delete_review_queue(mine.queue_id)
expect("RESOURCE_DOES_NOT_EXIST", lambda: review_queues.get_review_queue(mine.queue_id))

# Issues.
wrong = store.create_issue(experiment, "invents sources", "cites what is not there", severity=IssueSeverity.HIGH, root_causes=["no search"], categories=["truth"], created_by="ann")
minor = store.create_issue(experiment, "too long", "", severity=IssueSeverity.LOW)
assert wrong.issue_id.startswith("iss-") and wrong.status == IssueStatus.PENDING and wrong.root_causes == ["no search"]
for trace_id in ids[:2]:
    mlflow.log_assessment(trace_id, IssueReference(issue_id=wrong.issue_id, issue_name="invents sources", source=AssessmentSource("HUMAN", "ann")))
found = store.search_issues(experiment, include_trace_count=True)
assert [(i.name, i.trace_count) for i in found] == [("invents sources", 2), ("too long", 0)]
assert store.search_issues(experiment)[0].trace_count is None
store.update_issue(minor.issue_id, status=IssueStatus.RESOLVED, severity=IssueSeverity.NOT_AN_ISSUE)
assert [i.issue_id for i in store.search_issues(experiment, filter_string="status = 'resolved'")] == [minor.issue_id]
assert [i.issue_id for i in store.search_issues(experiment, filter_string="status != 'resolved'")] == [wrong.issue_id]
assert store.get_issue(wrong.issue_id).categories == ["truth"]
page = store.search_issues(experiment, max_results=1)
assert len(page) == 1 and len(store.search_issues(experiment, max_results=1, page_token=page.token)) == 1
expect("RESOURCE_DOES_NOT_EXIST", lambda: store.get_issue("iss-nothing"))
expect("INVALID_PARAMETER_VALUE", lambda: store.search_issues(experiment, filter_string="secret = 'x'"))
with_issue = mlflow.search_traces(locations=[experiment], filter_string=f"issue.id = '{wrong.issue_id}'", return_type="list")
assert {t.info.trace_id for t in with_issue} == set(ids[:2])

# Scorers of the client's own, kept by the server.
guide = scorers.Guidelines(name="polite", guidelines=["Be polite"], model="openai:/x").register(name="polite", experiment_id=experiment)
assert [s.name for s in scorers.list_scorers(experiment_id=experiment)] == ["polite"]
assert scorers.get_scorer(name="polite", experiment_id=experiment).guidelines == ["Be polite"]
assert [v.scorer_version for v in store.list_scorer_versions(experiment, "polite")] == [1]
said = expect("NOT_IMPLEMENTED", lambda: store.upsert_online_scoring_config(experiment, "polite", 0.5))
assert "runs no scorers" in said, said


@scorer
def brief(outputs):
    return len(outputs) < 20


result = mlflow.genai.evaluate(data=mlflow.search_traces(locations=[experiment]), scorers=[brief])
assert result.metrics["brief/mean"] == 1.0 and len(result.tables["eval_results"]) == 5
scorers.delete_scorer(name="polite", experiment_id=experiment, version="all")
assert scorers.list_scorers(experiment_id=experiment) == []
print("tutorial_reviews: done")
