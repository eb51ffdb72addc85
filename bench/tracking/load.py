"""The same load for both servers: many clients over HTTP, one process each, with requests like the client's own."""

import json
import multiprocessing as processes
import sys
import time
import urllib.request
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlparse


LONG_RUN = "f" * 32


def send(connection, path, body):
    """The reply's bytes: reading what they say is the client's work, and not measured."""
    text = body if isinstance(body, str) else body and json.dumps(body)
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request("POST" if body else "GET", f"/{path}", text, headers)
    reply = connection.getresponse()
    text = reply.read()
    if reply.status != 200:
        raise RuntimeError(f"{path}: {reply.status} {text[:300]}")
    return text


def connect(url):
    parsed = urlparse(url)
    return HTTPConnection(parsed.hostname, parsed.port, timeout=300)


def client(url, kind, seconds, number, answers):
    connection = connect(url)
    run = None
    while run is None:  # A server that restarts its workers under load is given time.
        try:
            created = send(connection, "api/2.0/mlflow/runs/create", {"experiment_id": "0", "start_time": 1})
            run = json.loads(created)["run"]["info"]["run_id"]
        except (OSError, RuntimeError, HTTPException):
            connection.close()
            time.sleep(0.5)
            connection = connect(url)
    # Written once and stamped per call: the client must not be what is measured.
    metrics = [
        {"key": f"metric_{i % 50}", "value": i * 0.001, "timestamp": "@now", "step": i // 50} for i in range(500)
    ]
    batch = json.dumps({"run_id": run, "metrics": metrics})
    done, failed, first, times = 0, 0, time.time(), []
    while time.time() - first < seconds:
        now = int(time.time() * 1000)
        if kind == "log_batch":
            path, body = "api/2.0/mlflow/runs/log-batch", batch.replace('"@now"', str(1_700_000_000_000 + done))
        elif kind == "log_metric":
            path, body = "api/2.0/mlflow/runs/log-metric", {"run_id": run, "key": "loss", "value": done, "timestamp": now, "step": done}
        elif kind == "chart":
            path = f"ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={LONG_RUN}&metric_key=curve&max_results=2500"
            body = None
        elif kind == "history":
            path, body = f"api/2.0/mlflow/metrics/get-history?run_id={LONG_RUN}&metric_key=curve&max_results=25000", None
        else:
            path = "api/2.0/mlflow/runs/search"
            body = {
                "experiment_ids": ["0"],
                "filter": "metrics.auc > 0.5 and metrics.loss < 0.9",
                "order_by": ["metrics.auc DESC"],
                "max_results": 1000,
            }
        started = time.time()
        try:
            send(connection, path, body)
            done += 1
            times.append(time.time() - started)
        except Exception:
            failed += 1
            connection.close()
            connection = connect(url)
    answers.put((done, failed, time.time() - first, times))


if __name__ == "__main__":
    url, kind, clients, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    answers = processes.Queue()
    workers = [processes.Process(target=client, args=(url, kind, seconds, i, answers)) for i in range(clients)]
    for worker in workers:
        worker.start()
    results = [answers.get() for _ in workers]
    for worker in workers:
        worker.join()
    times = sorted(t for result in results for t in result[3]) or [float("nan")]
    rate = sum(done / took for done, _, took, _ in results)
    failed = sum(result[1] for result in results)
    print(
        json.dumps(
            {"rate": rate, "done": sum(r[0] for r in results), "failed": failed, "p50": times[len(times) // 2] * 1e3, "p95": times[int(len(times) * 0.95)] * 1e3}
        )
    )
