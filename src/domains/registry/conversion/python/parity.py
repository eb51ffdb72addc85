"""Asks a model and its twin the same rows and measures how far they are apart."""

import numpy as np
import onnxruntime

from problem import Problem

# Largest relative difference: single precision keeps seven digits, and sums over trees and features lose some.
TOLERANCE = 1e-4


def own_answers(flavor: str, model, rows) -> dict:
    """What the model itself says, by the name of the twin's output."""
    if flavor == "onnx":
        session = open_session(model)
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(None, {session.get_inputs()[0].name: rows})))
    if flavor == "pytorch":
        import torch

        with torch.no_grad():
            answer = model(torch.from_numpy(rows))
        if not isinstance(answer, torch.Tensor):
            raise Problem("unsupported", "The module gives more than one tensor.", "Log one that gives one.")
        return {"prediction": answer.numpy()}
    if type(model).__name__ == "Booster":
        return _booster_answers(flavor, model, rows)
    if hasattr(model, "predict_proba"):
        return {"label": model.predict(rows), "probabilities": model.predict_proba(rows)}
    if not hasattr(model, "predict"):
        return {"prediction": model.transform(rows)}
    answer = model.predict(rows)
    if hasattr(model, "decision_function"):
        scores = model.decision_function(rows)
        return {"label": answer, "scores": scores}
    return {"prediction": answer, "label": answer}


def _booster_answers(flavor: str, model, rows) -> dict:
    if flavor == "lightgbm":
        answer = model.predict(rows)
        kind = str(model.dump_model().get("objective", "")).split()[0:1]
        is_classifier = kind[0:1] and kind[0] in ("binary", "multiclass", "multiclassova", "softmax")
    else:
        import json

        import xgboost

        data = xgboost.DMatrix(rows, feature_names=model.feature_names)
        answer = model.predict(data)
        objective = json.loads(model.save_config())["learner"]["objective"]["name"]
        is_classifier = objective.startswith(("multi:", "binary:logistic"))
        if objective == "multi:softmax":
            return {"label": answer}
    if not is_classifier:
        return {"prediction": answer}
    if answer.ndim == 1:
        return {"label": answer > 0.5, "probabilities": np.column_stack([1 - answer, answer])}
    return {"label": answer.argmax(axis=1), "probabilities": answer}


def open_session(model):
    """Opens a file or bytes; one thread, no words."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def compare(own: dict, twin: dict) -> dict:
    """
    Largest absolute and relative difference over all outputs that both have. Relative: to the value, or to the
    typical size (root mean square) of its output where that is larger, so that a zero does not decide.
    """
    result = {"outputs": [], "maxAbsolute": 0.0, "maxRelative": 0.0, "labelMismatches": 0}
    sure = None
    for name in sorted(set(own) & set(twin), reverse=True):
        left, right = np.asarray(own[name]), np.asarray(twin[name])
        if name == "label":
            if left.size != right.size:
                raise Problem("parity", "The twin gives another number of labels.", "Report this model.")
            differs = ~_same_labels(left.reshape(-1), right.reshape(-1))
            # Between two classes that are equally likely either label is right.
            result["labelMismatches"] = int((differs & sure).sum() if sure is not None else differs.sum())
            result["outputs"].append(name)
            continue
        if left.size != right.size and left.ndim == 1 and right.ndim == 2:
            right = right[:, -1]
        if left.size != right.size:
            raise Problem(
                "parity",
                f'The output "{name}" of the twin has the shape {list(right.shape)}, not {list(left.shape)}.',
                "Log the model as ONNX yourself.",
            )
        left, right = left.astype("float64").reshape(-1), right.astype("float64").reshape(-1)
        if name in ("probabilities", "scores"):
            sure = _margins(np.asarray(own[name])) > TOLERANCE
        if not np.array_equal(np.isnan(left), np.isnan(right)):
            raise Problem("parity", "Where the model says NaN the twin does not.", "Log the model as ONNX yourself.")
        finite = np.isfinite(left)
        if (left[~finite & ~np.isnan(left)] != right[~finite & ~np.isnan(left)]).any():
            raise Problem("parity", "The twin is finite where the model is not.", "Log the model as ONNX yourself.")
        difference = np.abs(left[finite] - right[finite])
        size = np.sqrt(np.mean(left[finite] ** 2)) if finite.any() else 0.0
        scale = np.maximum(np.abs(left[finite]), max(size, np.finfo("float64").tiny))
        result["maxAbsolute"] = max(result["maxAbsolute"], float(difference.max(initial=0.0)))
        result["maxRelative"] = max(result["maxRelative"], float((difference / scale).max(initial=0.0)))
        result["outputs"].append(name)
    return result


def _same_labels(left, right):
    if left.dtype.kind in "biuf" and right.dtype.kind in "biuf":
        return left.astype("float64") == right.astype("float64")
    return left.astype(str) == right.astype(str)


def _margins(answers):
    """Distance between the two largest of a row; of a single number, its distance from zero."""
    if answers.ndim < 2 or answers.shape[1] < 2:
        return np.abs(answers.reshape(len(answers), -1)[:, 0])
    best = np.sort(answers, axis=1)
    return best[:, -1] - best[:, -2]


def holds(result: dict) -> bool:
    return result["maxRelative"] <= TOLERANCE and result["labelMismatches"] == 0
