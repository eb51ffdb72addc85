"""Drives a running server with the unmodified KServe SDK: kserve_client.py HTTP_URL GRPC_HOST:PORT.

The model "m" is the sigmoid of features · [1, 2].
"""

import asyncio
import sys

import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.inference_client import InferenceGRPCClient

rest_url, grpc_url = sys.argv[1:3]
x = np.array([[1, 2], [3, 4]], dtype=np.float32)
want = 1 / (1 + np.exp(-(x @ np.array([1, 2]))))


def request(binary=None, version=None):
    tensor = InferInput("features", list(x.shape), "FP32")
    if binary is None:
        tensor.set_data_from_numpy(x)
    else:
        tensor.set_data_from_numpy(x, binary_data=binary)
    return InferRequest(model_name="m", infer_inputs=[tensor], request_id="mine")


def check(response):
    assert response.model_name == "m" and response.id, response
    np.testing.assert_allclose(response.outputs[0].as_numpy().ravel(), want, rtol=1e-6)


async def rest_v2():
    client = InferenceRESTClient(RESTConfig(protocol="v2", retries=0))
    assert await client.is_server_live(rest_url) and await client.is_server_ready(rest_url)
    assert await client.is_model_ready(rest_url, "m")
    for binary in (None, True, False):
        check(await client.infer(rest_url, request(binary), model_name="m"))
    try:
        await client.infer(rest_url, request(), model_name="nobody")
        raise SystemExit("an unknown model answered")
    except Exception as error:
        assert "404" in str(error), error


async def rest_v1():
    client = InferenceRESTClient(RESTConfig(protocol="v1", retries=0))
    assert await client.is_model_ready(rest_url, "m")
    reply = await client.infer(rest_url, {"instances": x.tolist()}, model_name="m")
    np.testing.assert_allclose(np.array(reply["predictions"]).ravel(), want, rtol=1e-6)


async def grpc():
    client = InferenceGRPCClient(grpc_url, use_ssl=False)
    assert await client.is_server_live() and await client.is_server_ready()
    assert await client.is_model_ready("m")
    for binary in (None, True, False):
        check(await client.infer(request(binary)))
    try:
        await client.infer(InferRequest(model_name="nobody", infer_inputs=request().inputs))
        raise SystemExit("an unknown model answered")
    except Exception as error:
        assert "no deployment" in str(error), error
    await client.close()


async def main():
    await rest_v2()
    await rest_v1()
    await grpc()


asyncio.run(main())
print("fine")
