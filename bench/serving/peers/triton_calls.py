"""One client process of grpc.ts: triton_calls.py HOST:PORT MODEL INPUT OUTPUT SECONDS; calls one after the other with
tritonclient and prints calls, seconds, p50 and p99 in milliseconds as JSON."""

import json
import sys
import time

import numpy as np
import tritonclient.grpc as triton

address, model, name, output, seconds = sys.argv[1:6]
client = triton.InferenceServerClient(address)
rows = np.random.default_rng(1).uniform(-1, 1, (64, 1, 30)).astype(np.float32)


def tensor(row):
    made = triton.InferInput(name, row.shape, "FP32")
    made.set_data_from_numpy(row)
    return [made]


asked = [tensor(row) for row in rows]
for i in range(50):
    client.infer(model, asked[i]).as_numpy(output)
times = []
start = last = time.perf_counter()
while last - start < float(seconds):
    client.infer(model, asked[len(times) % 64]).as_numpy(output)
    now = time.perf_counter()
    times.append(now - last)
    last = now
p50, p99 = np.quantile(times, [0.5, 0.99]) * 1000
print(json.dumps({"calls": len(times), "seconds": last - start, "p50": p50, "p99": p99}))
