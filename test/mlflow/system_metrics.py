"""System metrics: the client's own thread logs the machine beside the training, for one run or for every run."""

import threading
import time

import mlflow
from mlflow import MlflowClient

client = MlflowClient()
mlflow.set_system_metrics_sampling_interval(0.05)
mlflow.set_system_metrics_samples_before_logging(2)


def wait_for(key, run_id, points):
    """The history of a metric once it has so many points."""
    deadline = time.time() + 120
    while len(history := client.get_metric_history(run_id, key)) < points:
        assert time.time() < deadline, f"{key} has {len(history)} points of {points}"
        time.sleep(0.05)
    return history


CPU = "system/cpu_utilization_percentage"

# Every run, switched on once.
mlflow.enable_system_metrics_logging()
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    wait_for(CPU, run.info.run_id, 3)
mlflow.disable_system_metrics_logging()
ended = client.get_run(run.info.run_id)
assert ended.info.status == "FINISHED"
# What the thread had not sent yet was sent when the run ended, and nothing comes after it.
assert not [thread for thread in threading.enumerate() if thread.name == "SystemMetricsMonitor"]
history = client.get_metric_history(run.info.run_id, CPU)
steps = [point.step for point in history]
assert steps == list(range(len(steps))), steps
assert all(point.value >= 0 and point.timestamp >= ended.info.start_time for point in history)
assert ended.data.metrics["loss"] == 0.5
for key in (
    "system_memory_usage_megabytes",
    "system_memory_usage_percentage",
    "disk_usage_megabytes",
    "disk_available_megabytes",
    "network_receive_megabytes",
    "network_transmit_megabytes",
):
    assert f"system/{key}" in ended.data.metrics, sorted(ended.data.metrics)
found = mlflow.search_runs(["0"], filter_string=f'metrics."{CPU}" >= 0', output_format="list")
assert [one.info.run_id for one in found] == [run.info.run_id]

# One run, and its second life goes on where the first ended.
with mlflow.start_run(log_system_metrics=True) as run:
    first = len(wait_for(CPU, run.info.run_id, 2))
with mlflow.start_run(run_id=run.info.run_id, log_system_metrics=True):
    wait_for(CPU, run.info.run_id, first + 2)
steps = [point.step for point in client.get_metric_history(run.info.run_id, CPU)]
assert steps == list(range(len(steps))), steps

# Switched off again, no run has any.
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.4)
assert set(client.get_run(run.info.run_id).data.metrics) == {"loss"}
print("system_metrics: done")
