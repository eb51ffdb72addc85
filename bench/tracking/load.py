"""The same load for both servers: many clients over HTTP, one process each, with requests like the client's own.

The generator shares the cores with the server, so it does as little as it can, for either side: it speaks HTTP on a
plain socket, sends a request as one piece, has its bodies ready but for what changes from call to call, and does not
look into answers.
"""

import json
import multiprocessing as processes
import socket
import sys
import time
from urllib.parse import urlparse

LONG_RUN = "f" * 32
PATIENCE = 300


class Connection:
    def __init__(self, url):
        self.host, self.port = url.hostname, url.port
        self.open()

    def open(self):
        self.socket = socket.create_connection((self.host, self.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def again(self):
        self.socket.close()
        try:
            self.open()
        except OSError:
            time.sleep(0.5)

    def head(self, path, length=None):
        body = "" if length is None else f"Content-Type: application/json\r\nContent-Length: {length}\r\n"
        method = "GET" if length is None else "POST"
        return f"{method} /{path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{body}\r\n".encode()

    def call(self, path, body=None):
        """The bytes of the answer; one with another status than 200 is an error."""
        self.socket.sendall(self.head(path) if body is None else self.head(path, len(body)) + body)
        return self.answer()

    def answer(self):
        data = self.receive()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self.receive()
        head, parts, size = data[:end].lower(), [data[end + 4 :]], len(data) - end - 4
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            while size < length:
                parts.append(self.receive())
                size += len(parts[-1])
        else:
            while not parts[-1].endswith(b"0\r\n\r\n"):
                parts.append(self.receive())
        answer = b"".join(parts)
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"{head[:20]} {answer[:300]}")
        return answer

    def receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("closed")
        return data


def requests(kind, run):
    """Path and body of the request number n."""
    if kind == "log_batch":
        metrics = [
            {"key": f"metric_{i % 50}", "value": i * 0.001, "timestamp": "@now", "step": i // 50} for i in range(500)
        ]
        pieces = json.dumps({"run_id": run, "metrics": metrics}).encode().split(b'"@now"')
        return lambda n: ("api/2.0/mlflow/runs/log-batch", str(1_700_000_000_000 + n).encode().join(pieces))
    if kind == "log_metric":
        text = '{"run_id": "%s", "key": "loss", "value": %d, "timestamp": %d, "step": %d}'
        return lambda n: (
            "api/2.0/mlflow/runs/log-metric",
            (text % (run, n, 1_700_000_000_000 + n, n)).encode(),
        )
    if kind == "chart":
        path = f"ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?run_ids={LONG_RUN}&metric_key=curve&max_results=2500"
        return lambda _: (path, None)
    if kind == "history":
        path = f"api/2.0/mlflow/metrics/get-history?run_id={LONG_RUN}&metric_key=curve&max_results=25000"
        return lambda _: (path, None)
    search = {
        "experiment_ids": ["0"],
        "filter": "metrics.auc > 0.5 and metrics.loss < 0.9",
        "order_by": ["metrics.auc DESC"],
        "max_results": 1000,
    }
    body = json.dumps(search).encode()
    return lambda _: ("api/2.0/mlflow/runs/search", body)


def client(url, kind, seconds, answers):
    connection = Connection(urlparse(url))
    run = None
    while run is None:  # A server that restarts its workers under load is given time.
        try:
            created = connection.call("api/2.0/mlflow/runs/create", b'{"experiment_id": "0", "start_time": 1}')
            run = json.loads(created)["run"]["info"]["run_id"]
        except (OSError, RuntimeError, ValueError):
            connection.again()
    request = requests(kind, run)
    done, failed, first, times = 0, 0, time.time(), []
    started = first
    while started - first < seconds:
        try:
            connection.call(*request(done))
            done += 1
            times.append(time.time() - started)
        except (OSError, RuntimeError):
            failed += 1
            connection.again()
        started = time.time()
    answers.put((done, failed, time.time() - first, times))


if __name__ == "__main__":
    url, kind, clients, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    answers = processes.Queue()
    workers = [processes.Process(target=client, args=(url, kind, seconds, answers)) for _ in range(clients)]
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
