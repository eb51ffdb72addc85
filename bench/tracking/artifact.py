"""One large artifact up and down through a server, streamed; prints seconds each way."""

import json
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlparse

url, megabytes = urlparse(sys.argv[1]), int(sys.argv[2])
path = "/api/2.0/mlflow-artifacts/artifacts/bench/large.bin"
block = bytes(range(256)) * 4096


def blocks():
    for i in range(megabytes):
        yield i.to_bytes(8, "big") + block[8:]


def timed(work):
    started = time.time()
    work()
    return time.time() - started


def up():
    connection = HTTPConnection(url.hostname, url.port, timeout=600)
    length = str(megabytes * len(block))
    connection.request("PUT", path, blocks(), {"Content-Length": length, "Content-Type": "application/octet-stream"})
    reply = connection.getresponse()
    reply.read()
    assert reply.status == 200, reply.status


def down():
    connection = HTTPConnection(url.hostname, url.port, timeout=600)
    connection.request("GET", path)
    reply = connection.getresponse()
    size = 0
    while part := reply.read(1 << 20):
        size += len(part)
    assert reply.status == 200 and size == megabytes * len(block), (reply.status, size)


print(json.dumps({"up": timed(up), "down": timed(down)}))
