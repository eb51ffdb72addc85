"""One large artifact up or down through a server, streamed; prints seconds."""

import json
import sys
import time
from http.client import HTTPConnection
from urllib.parse import urlparse

url, megabytes, way = urlparse(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
path = "/api/2.0/mlflow-artifacts/artifacts/bench/large.bin"
block = bytes(range(256)) * 4096
# New content each time: what is stored already would cost the disk nothing.
salt = time.time_ns().to_bytes(8, "big")


def blocks():
    for i in range(megabytes):
        yield i.to_bytes(8, "big") + salt + block[16:]


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


print(json.dumps({"seconds": timed(up if way == "up" else down)}))
