"""The model for MLServer in ONNX Runtime: faster than its scikit-learn runtime, so that the server is what is measured."""

import numpy
import onnxruntime
from mlserver import MLModel
from mlserver.types import InferenceResponse, ResponseOutput
from mlserver.utils import get_model_uri
from mlserver.codecs import NumpyCodec


class OnnxModel(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = await get_model_uri(self._settings)
        self.session = onnxruntime.InferenceSession(path, options)
        self.input = self.session.get_inputs()[0].name
        return True

    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(numpy.float32)
        label, probabilities = self.session.run(None, {self.input: rows})
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("label", label),
                NumpyCodec.encode_output("probabilities", probabilities),
            ],
        )
