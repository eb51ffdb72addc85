"""The command line and projects of the client, pointed at the server: every command as it is typed, in one process."""

import json
import os
import sys
import tempfile

import mlflow
import pandas as pd
from click.testing import CliRunner
from mlflow import MlflowClient
from mlflow.cli import cli
from sklearn.linear_model import LinearRegression

client = MlflowClient()


def typed(*words, fails=False):
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert (result.exit_code != 0) == fails, (words, result.output, result.exception)
    return result.output


# Experiments.
typed("experiments", "create", "--experiment-name", "typed")
typed("experiments", "create", "-n", "typed", fails=True)
experiment = mlflow.get_experiment_by_name("typed").experiment_id
assert "typed" in typed("experiments", "search") and "typed" in typed("experiments", "search", "--view", "all")
assert "typed" in typed("experiments", "get", "--experiment-id", experiment)
typed("experiments", "rename", "--experiment-id", experiment, "--new-name", "typed again")
typed("experiments", "delete", "-x", experiment)
assert "typed again" in typed("experiments", "search", "--view", "deleted_only")
typed("experiments", "restore", "-x", experiment)

# Runs.
typed("runs", "create", "--experiment-id", experiment, "--run-name", "by hand", "--tags", "who=ann")
[run] = client.search_runs([experiment])
assert run.info.run_name == "by hand" and run.data.tags["who"] == "ann"
client.log_metric(run.info.run_id, "loss", 0.5)
assert "by hand" in typed("runs", "list", "--experiment-id", experiment)
assert json.loads(typed("runs", "describe", "--run-id", run.info.run_id))["data"]["metrics"]["loss"] == 0.5
typed("runs", "delete", "--run-id", run.info.run_id)
assert client.search_runs([experiment]) == []
typed("runs", "restore", "--run-id", run.info.run_id)
with tempfile.TemporaryDirectory() as folder:
    table = os.path.join(folder, "all.csv")
    typed("experiments", "csv", "-x", experiment, "-o", table)
    assert pd.read_csv(table)["metrics.loss"][0] == 0.5

    # Artifacts.
    path = os.path.join(folder, "note.txt")
    with open(path, "w") as file:
        file.write("typed")
    typed("artifacts", "log-artifact", "-l", path, "-r", run.info.run_id, "-a", "notes")
    typed("artifacts", "log-artifacts", "-l", folder, "-r", run.info.run_id, "-a", "all")
    assert "notes/note.txt" in typed("artifacts", "list", "-r", run.info.run_id, "-a", "notes")
    typed("artifacts", "download", "-r", run.info.run_id, "-a", "notes", "-d", os.path.join(folder, "back"))
    assert open(os.path.join(folder, "back", "notes", "note.txt")).read() == "typed"
    typed("artifacts", "download", "-u", f"runs:/{run.info.run_id}/all/all.csv", "-d", folder)

# A registered model, asked from the command line.
with mlflow.start_run(experiment_id=experiment):
    model = LinearRegression().fit(pd.DataFrame({"x": [0.0, 1.0]}), [1.0, 3.0])
    info = mlflow.sklearn.log_model(model, name="line", registered_model_name="line", pip_requirements=[])
client.set_registered_model_alias("line", "live", 1)
with tempfile.TemporaryDirectory() as folder:
    given, got = os.path.join(folder, "in.csv"), os.path.join(folder, "out.json")
    pd.DataFrame({"x": [2.0, 10.0]}).to_csv(given, index=False)
    typed("models", "predict", "-m", "models:/line@live", "-i", given, "-t", "csv", "-o", got, "--env-manager", "local")
    assert [round(one, 6) for one in json.load(open(got))["predictions"]] == [5.0, 21.0]

    # A project of two steps with parameters.
    with open(os.path.join(folder, "MLproject"), "w") as file:
        file.write(
            "name: small\nentry_points:\n  main:\n    parameters:\n      alpha: {type: float, default: 0.1}\n"
            "      name: {type: string, default: nobody}\n"
            f"    command: \"{sys.executable} train.py {{alpha}} {{name}}\"\n"
        )
    with open(os.path.join(folder, "train.py"), "w") as file:
        file.write(
            "import sys, mlflow\nwith mlflow.start_run():\n    mlflow.log_param('given', sys.argv[2])\n"
            "    mlflow.log_metric('alpha', float(sys.argv[1]))\n"
        )
    submitted = mlflow.projects.run(
        folder, parameters={"alpha": 0.7, "name": "ann"}, env_manager="local", experiment_id=experiment, run_name="project"
    )
    assert submitted.get_status() == "FINISHED"
    ran = client.get_run(submitted.run_id)
    assert ran.data.metrics["alpha"] == 0.7 and ran.data.params == {"alpha": "0.7", "name": "ann", "given": "ann"}
    assert ran.data.tags["mlflow.project.entryPoint"] == "main" and ran.info.run_name == "project"
    broken = os.path.join(folder, "train.py")
    with open(broken, "w") as file:
        file.write("raise SystemExit(3)\n")
    typed("run", folder, "--env-manager", "local", "--experiment-id", experiment, fails=True)
failed = client.search_runs([experiment], filter_string="attributes.status = 'FAILED'")
assert len(failed) == 1, failed

# Traces and what is said of them.
mlflow.set_experiment(experiment_id=experiment)


@mlflow.trace
def answer(question):
    return question * 2


answer("a")
answer("b")
mlflow.flush_trace_async_logging()
listed = json.loads(typed("traces", "search", "--experiment-id", experiment, "--output", "json"))
[first, second] = [one["info"]["trace_id"] for one in listed["traces"]]
assert first in typed("traces", "get", "--trace-id", first)
typed("traces", "set-tag", "--trace-id", first, "--key", "kind", "--value", "x")
typed("traces", "delete-tag", "--trace-id", first, "--key", "kind")
typed("traces", "log-feedback", "--trace-id", first, "--name", "good", "--value", "true")
typed("traces", "log-expectation", "--trace-id", first, "--name", "ideal", "--value", "aa")
said = {one.name: one for one in mlflow.get_trace(first).info.assessments}
typed("traces", "get-assessment", "--trace-id", first, "--assessment-id", said["good"].assessment_id)
typed("traces", "update-assessment", "--trace-id", first, "--assessment-id", said["good"].assessment_id, "--value", "false")
typed("traces", "delete-assessment", "--trace-id", first, "--assessment-id", said["ideal"].assessment_id)
assert len(mlflow.get_trace(first).info.assessments) == 1
typed("traces", "delete", "--experiment-id", experiment, "--trace-ids", second)
assert len(mlflow.search_traces(locations=[experiment], return_type="list")) == 1
typed("scorers", "list", "--experiment-id", experiment)
mlflow.genai.datasets.create_dataset(name="typed", experiment_id=experiment)
assert "typed" in typed("datasets", "list", "--experiment-id", experiment)
typed("doctor", "--mask-envs")
print("tutorial_command_line: done")
