"""Trains the model that all peers serve: train.py FOLDER.

Gradient boosting of scikit-learn with its defaults (100 trees of depth 3) over 30 features, as an MLflow model
(FOLDER/mlflow), for MLServer's own runtime (FOLDER/model.joblib) and as ONNX (FOLDER/model.onnx).
"""

import json
import sys
from pathlib import Path

import joblib
import mlflow.sklearn
import numpy as np
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier

folder = Path(sys.argv[1])
rows, labels = load_breast_cancer(return_X_y=True)
rows = rows.astype(np.float32)
model = GradientBoostingClassifier(random_state=1).fit(rows, labels)
signature = infer_signature(rows, model.predict(rows))
mlflow.sklearn.save_model(
    model, folder / "mlflow", signature=signature, serialization_format="cloudpickle", pip_requirements=[]
)
joblib.dump(model, folder / "model.joblib")
onnx = to_onnx(model, rows[:1], options={"zipmap": False}, target_opset=17)
(folder / "model.onnx").write_bytes(onnx.SerializeToString())
print(json.dumps(rows[:64].tolist()))
