"""The unmodified Triton client asks a graph: triton_graph.py http|grpc HOST:PORT."""

import sys

import numpy as np

protocol, url = sys.argv[1:3]
if protocol == "http":
    import tritonclient.http as triton
else:
    import tritonclient.grpc as triton
client = triton.InferenceServerClient(url)
json = {"as_json": True} if protocol == "grpc" else {}
metadata = client.get_model_metadata("loans", **json)
assert metadata["platform"] == "ensemble", metadata
assert [tensor["name"] for tensor in metadata["inputs"]] == ["channel", "features"], metadata

channel = triton.InferInput("channel", [3], "BYTES")
channel.set_data_from_numpy(np.array(["web", "branch", "web"], dtype=object))
rows = np.array([[40, 10, 3, 5], [30, 39, 24, 25], [70, 2, 40, 29]], dtype=np.float32)
features = triton.InferInput("features", list(rows.shape), "FP32")
features.set_data_from_numpy(rows)

together = client.infer("loans", [channel, features])
late = together.as_numpy("late")
assert late.dtype == np.float64 and late.shape == (3,), late
for at in range(3):
    one = triton.InferInput("channel", [1], "BYTES")
    one.set_data_from_numpy(np.array([["web", "branch", "web"][at]], dtype=object))
    row = triton.InferInput("features", [1, 4], "FP32")
    row.set_data_from_numpy(rows[at : at + 1])
    alone = client.infer("loans", [one, row])
    assert np.isclose(alone.as_numpy("late")[0], late[at], rtol=1e-6), (at, alone.as_numpy("late"), late)
    assert alone.as_numpy("action")[0] == together.as_numpy("action")[at]
print("fine")
