"""Drives a running server with the unmodified Triton client: triton_client.py http|grpc HOST:PORT.

The model "m" is the sigmoid of features · [1, 2]; "echo_DATATYPE" gives its input "x" back.
"""

import queue
import sys

import ml_dtypes
import numpy as np
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

protocol, url = sys.argv[1:3]
if protocol == "http":
    import tritonclient.http as triton
else:
    import tritonclient.grpc as triton
client = triton.InferenceServerClient(url)
json = {"as_json": True} if protocol == "grpc" else {}

x = np.array([[1, 2], [3, 4]], dtype=np.float32)
want = 1 / (1 + np.exp(-(x @ np.array([1, 2]))))


def tensor(values=x, datatype="FP32", name="features"):
    made = triton.InferInput(name, values.shape, datatype)
    made.set_data_from_numpy(values)
    return made


def refuses(work, *words):
    try:
        work()
    except InferenceServerException as error:
        assert any(word in str(error) for word in words), str(error)
        return error
    raise SystemExit(f"no error where {words} was expected")


def health_and_metadata():
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("m") and client.is_model_ready("m", "1")
    server = client.get_server_metadata(**json)
    assert server["name"] == "houston" and "statistics" in server["extensions"], server
    model = client.get_model_metadata("m", **json)
    assert model["inputs"][0]["datatype"] == "FP32" and model["versions"] == ["1"], model
    assert [int(size) for size in model["inputs"][0]["shape"]] == [-1, 2], model
    config = client.get_model_config("m", **json)
    config = config.get("config", config)
    assert config["input"][0]["data_type"] == "TYPE_FP32" and int(config["max_batch_size"]) > 1, config
    assert [int(size) for size in config["input"][0]["dims"]] == [2], config
    index = client.get_model_repository_index(**json)
    models = index["models"] if protocol == "grpc" else index
    assert {"name": "m", "version": "1", "state": "READY"}.items() <= next(one for one in models if one["name"] == "m").items()


def inference():
    output = lambda **more: [triton.InferRequestedOutput("probability", **more)]
    results = [
        client.infer("m", [tensor()]),
        client.infer("m", [tensor()], outputs=output(), model_version="1", request_id="mine"),
        client.infer("m", [tensor()], parameters={"event_time": "2001-02-01T07:00:00Z", "plain": 3, "yes": True}),
    ]
    if protocol == "http":
        plain = triton.InferInput("features", x.shape, "FP32").set_data_from_numpy(x, binary_data=False)
        results.append(client.infer("m", [plain], outputs=output(binary_data=False)))
        zipped = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
        results.append(client.infer("m", [tensor()], **zipped))
        deflated = {"request_compression_algorithm": "deflate", "response_compression_algorithm": "deflate"}
        results.append(client.infer("m", [tensor()], **deflated))
        results.append(client.async_infer("m", [tensor()]).get_result())
    else:
        results.append(client.infer("m", [tensor()], compression_algorithm="gzip"))
        answers = queue.Queue()
        client.async_infer("m", [tensor()], callback=lambda result, error: answers.put(error or result))
        results.append(answers.get(timeout=30))
    for result in results:
        np.testing.assert_allclose(result.as_numpy("probability").ravel(), want, rtol=1e-6)
    response = results[1].get_response(**json)
    assert response["id"] == "mine" and response["model_version"] == "1", response
    classes = client.infer("m", [tensor()], outputs=output(class_count=1)).as_numpy("probability")
    assert classes.shape == (2, 1) and classes[1][0] == f"{want[1]:.6f}:0".encode(), classes
    stats = client.get_inference_statistics("m", **json)["model_stats"][0]
    assert int(stats["inference_count"]) >= 10 and int(stats["inference_stats"]["success"]["count"]) >= 5, stats


def datatypes():
    for kind in ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]:
        dtype = np.dtype(kind)
        values = np.array([[0, 1, 1]], dtype=dtype) if kind == "bool" else np.array([[0, 1, 100]], dtype=dtype)
        if dtype.kind in "iu":
            values = np.array([[np.iinfo(dtype).min, 7, np.iinfo(dtype).max]], dtype=dtype)
        datatype = np_to_triton_dtype(dtype)
        echoed = client.infer(f"echo_{datatype}", [tensor(values, datatype, "x")]).as_numpy("y")
        assert echoed.dtype == dtype and (echoed == values).all(), (kind, echoed)
    texts = np.array([["", "ß", "a" * 300]], dtype=np.object_)
    echoed = client.infer("echo_BYTES", [tensor(texts, "BYTES", "x")]).as_numpy("y")
    assert [[text.decode() for text in row] for row in echoed] == texts.tolist(), echoed
    halves = np.array([[1.5, -2.0, 0.0]], dtype=ml_dtypes.bfloat16)
    echoed = client.infer("echo_FP32", [tensor(halves, "BF16", "x")]).as_numpy("y")
    assert (echoed == halves.astype(np.float32)).all(), echoed


def refusals():
    refuses(lambda: client.infer("nobody", [tensor()]), "no deployment")
    refuses(lambda: client.infer("m", [tensor()], model_version="7"), "does not serve")
    refuses(lambda: client.infer("m", [tensor(x.astype(np.float64), "FP64")]), "FP32, not FP64")
    refuses(lambda: client.infer("m", [tensor(np.zeros((1, 3), np.float32))]), "shape")
    refuses(lambda: client.infer("m", [tensor(), tensor()]), "given twice")
    refuses(lambda: client.infer("m", [tensor()], outputs=[triton.InferRequestedOutput("x")]), "no output")
    refuses(lambda: client.get_model_metadata("nobody"), "no deployment")


def repository():
    client.unload_model("m")
    assert not client.is_model_ready("m")
    refuses(lambda: client.infer("m", [tensor()]), "unloaded")
    client.load_model("m")
    assert client.is_model_ready("m")
    np.testing.assert_allclose(client.infer("m", [tensor()]).as_numpy("probability").ravel(), want, rtol=1e-6)
    refuses(lambda: client.load_model("m", config="{}"), "registry")
    refuses(lambda: client.load_model("nobody"), "no such version")


def settings():
    logs = client.get_log_settings(**json)
    logs = {name: one["bool_param"] for name, one in logs["settings"].items() if "bool_param" in one} if protocol == "grpc" else logs
    assert logs["log_error"] is True, logs
    refuses(lambda: client.update_log_settings({"log_verbose_level": 1}), "--log")
    trace = client.get_trace_settings(**json)
    trace = {name: one["value"] for name, one in trace["settings"].items()} if protocol == "grpc" else trace
    assert trace["trace_level"] == ["OFF"], trace
    refuses(lambda: client.update_trace_settings(settings={"trace_level": ["TIMESTAMPS"]}), "not changed")


def streaming():
    answers = queue.Queue()
    client.start_stream(callback=lambda result, error: answers.put(error or result))
    for i in range(200):
        client.async_stream_infer("m", [tensor(x + i)], request_id=f"s{i}")
    client.async_stream_infer("nobody", [tensor()], request_id="lost")
    client.async_stream_infer("m", [tensor()], request_id="after")
    got = [answers.get(timeout=30) for _ in range(202)]
    client.stop_stream()
    assert [one.get_response().id for one in got[:200]] == [f"s{i}" for i in range(200)]
    assert isinstance(got[200], InferenceServerException) and "no deployment" in str(got[200]), got[200]
    assert got[201].get_response().id == "after"


def deadlines():
    error = refuses(lambda: client.infer("slow", [tensor(np.zeros((64, 2), np.float32))], client_timeout=0.001), "Deadline", "DEADLINE_EXCEEDED")
    assert "DEADLINE_EXCEEDED" in str(error.status()), error
    assert client.is_server_live()


health_and_metadata()
inference()
datatypes()
refusals()
repository()
settings()
if protocol == "grpc":
    streaming()
    deadlines()
print("fine")
