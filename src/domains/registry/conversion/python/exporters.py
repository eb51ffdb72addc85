"""Makes ONNX graphs of models: one form of inputs after the other, until one fits."""

import json
import logging
import os
import re

import numpy as np
import onnx
from onnx import TensorProto, helper

from problem import Problem

OPSET = {"": 15, "ai.onnx.ml": 3}
OUTPUT_NAMES = {"output_label": "label", "output_probability": "probabilities", "variable": "prediction"}


def forms(flavor: str, interface) -> list:
    """
    The forms to try, best first. `matrix`: one tensor of single precision with a column a feature; `columns`: one
    tensor a column; `joined`: one matrix in front of a graph that wants columns; `64` double precision.
    """
    if flavor in ("onnx", "pytorch"):
        return ["tensor"]
    if not interface.all_numbers:
        return ["columns", "columns-float"]
    if flavor != "sklearn":
        return ["matrix"]
    by_name = [] if interface.columns is None else ["joined-float", "joined"]
    return ["matrix", *by_name, "matrix-64"]


def export(flavor: str, model, interface, form: str):
    """The model as ONNX in this form; raises whatever the converter raises when it does not fit."""
    logging.getLogger("skl2onnx").setLevel(logging.ERROR)
    if flavor == "onnx":
        return _whole(onnx.load(model))
    if flavor == "pytorch":
        return _named(_pytorch(model, interface))
    types = _initial_types(flavor, interface, form)
    if flavor == "xgboost":
        proto = _xgboost(model, types)
    elif flavor == "lightgbm":
        import onnxmltools

        proto = onnxmltools.convert_lightgbm(model, initial_types=types, zipmap=False, target_opset=15)
    else:
        proto = _own_names(_sklearn(model, types), [name for name, _ in types])
    proto = _named(proto)
    if flavor == "sklearn" and not hasattr(model, "predict_proba"):
        _rename_output(proto.graph, "probabilities", "scores")
    return _join(proto, interface) if form.startswith("joined") else proto


def _initial_types(flavor: str, interface, form: str) -> list:
    if flavor == "sklearn":
        from skl2onnx.common import data_types as types
    else:
        from onnxmltools.convert.common import data_types as types

    if form.startswith("matrix"):
        kind = types.DoubleTensorType if form.endswith("64") else types.FloatTensorType
        return [("input", kind([None, interface.width]))]
    whole = {"long": types.Int64TensorType, "integer": types.Int64TensorType, "boolean": types.BooleanTensorType}
    found = []
    for column in interface.columns:
        kind = types.StringTensorType if column["type"] == "string" else types.FloatTensorType
        if not form.endswith("float"):
            kind = whole.get(column["type"], kind)
        found.append((column["name"], kind([None, 1])))
    return found


def _sklearn(model, types: list):
    from sklearn.base import is_classifier
    from skl2onnx import convert_sklearn

    _register_boosters()
    _take_truths_as_integers()
    if is_classifier(model):
        try:
            options = {id(model): {"zipmap": False}}
            return convert_sklearn(model, initial_types=types, options=options, target_opset=OPSET)
        except NameError:
            # A classifier without probabilities has no ZipMap to leave out; naming another option says so.
            last = model.steps[-1][1] if hasattr(model, "steps") else model
            options = {id(last): {"nocl": False}}
            return convert_sklearn(model, initial_types=types, options=options, target_opset=OPSET)
    return convert_sklearn(model, initial_types=types, target_opset=OPSET)


def _take_truths_as_integers() -> None:
    """The converter of histogram gradient boosting hands truths over where ONNX wants integers."""
    make = helper.make_attribute
    if getattr(make, "takes_truths", False):
        return

    def make_attribute(key, value, *rest, **named):
        if isinstance(value, list) and any(isinstance(one, (bool, np.bool_)) for one in value):
            value = [int(one) for one in value]
        return make(key, value, *rest, **named)

    make_attribute.takes_truths = True
    helper.make_attribute = make_attribute


def _register_boosters() -> None:
    """Lets a pipeline of scikit-learn hold estimators of XGBoost and LightGBM, where these are installed."""
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes as classifier,
        calculate_linear_regressor_output_shapes as regressor,
    )

    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    try:
        from lightgbm import LGBMClassifier, LGBMRegressor
        from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

        update_registered_converter(LGBMClassifier, "LgbmClassifier", classifier, convert_lightgbm, options=options)
        update_registered_converter(LGBMRegressor, "LgbmRegressor", regressor, convert_lightgbm, options={"split": None})
    except ImportError:
        pass
    try:
        from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
        from xgboost import XGBClassifier, XGBRegressor

        update_registered_converter(XGBClassifier, "XgbClassifier", classifier, convert_xgboost, options=options)
        update_registered_converter(XGBRegressor, "XgbRegressor", regressor, convert_xgboost)
    except ImportError:
        pass


def _xgboost(model, types: list):
    import onnxmltools

    booster = model.get_booster() if hasattr(model, "get_booster") else model
    names, kinds = booster.feature_names, booster.feature_types
    # The converter takes no names but its own.
    booster.feature_names, booster.feature_types = None, None
    try:
        return onnxmltools.convert_xgboost(model, initial_types=types, target_opset=15)
    finally:
        booster.feature_names, booster.feature_types = names, kinds


def _pytorch(model, interface):
    import torch

    example = torch.zeros((2, *interface.shape), dtype=getattr(torch, interface.dtype))
    path = "exported.onnx"
    torch.onnx.export(
        torch.jit.trace(model, example),
        (example,),
        path,
        dynamo=False,
        opset_version=17,
        input_names=["input"],
        output_names=["prediction"],
        dynamic_axes={"input": {0: "rows"}, "prediction": {0: "rows"}},
    )
    proto = onnx.load(path)
    os.remove(path)
    return proto


def _whole(proto):
    """Weights that lay in files of their own, within the file."""
    if proto.ByteSize() > 2**31 - 1:
        raise Problem("unsupported", "With its weights the file is larger than 2 GiB.", "Serve it elsewhere.")
    return proto


def _named(proto):
    """One name for the same thing from every converter, and a first dimension that is free."""
    graph = proto.graph
    for old, new in OUTPUT_NAMES.items():
        _rename_output(graph, old, new)
    for value in [*graph.input, *graph.output]:
        dimensions = value.type.tensor_type.shape.dim
        if len(dimensions) > 0:
            dimensions[0].Clear()
            dimensions[0].dim_param = "rows"
    return proto


def _rename_output(graph, old: str, new: str) -> None:
    if old not in {value.name for value in graph.output}:
        return
    for value in graph.output:
        value.name = new if value.name == old else value.name
    for node in graph.node:
        node.output[:] = [new if name == old else name for name in node.output]
        node.input[:] = [new if name == old else name for name in node.input]


def _own_names(proto, names: list):
    """Gives the inputs the names of the columns again, which the converter spells with underscores."""
    spelt = {re.sub(r"\W", "_", name, flags=re.ASCII): name for name in names}
    for value in proto.graph.input:
        if value.name in names or value.name not in spelt:
            continue
        old, value.name = value.name, spelt[value.name]
        for node in proto.graph.node:
            node.input[:] = [value.name if name == old else name for name in node.input]
    return proto


def _join(proto, interface):
    """Puts one matrix of single precision in front of a graph that takes a tensor a column."""
    graph = proto.graph
    nodes, constants, columns = [], [], {}
    for value in graph.input:
        i, kind = interface.names.index(value.name), value.type.tensor_type.elem_type
        constants.append(helper.make_tensor(f"houston_index_{i}", TensorProto.INT64, [1], [i]))
        nodes.append(helper.make_node("Gather", ["input", f"houston_index_{i}"], [f"houston_number_{i}"], axis=1))
        nodes.append(helper.make_node("Cast", [f"houston_number_{i}"], [f"houston_column_{i}"], to=kind))
        columns[value.name] = f"houston_column_{i}"
    rest = list(graph.node)
    for node in rest:
        node.input[:] = [columns.get(name, name) for name in node.input]
    del graph.node[:], graph.input[:]
    graph.node.extend([*nodes, *rest])
    graph.initializer.extend(constants)
    matrix = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["rows", interface.width])
    graph.input.append(matrix)
    if not any(opset.domain == "" for opset in proto.opset_import):
        proto.opset_import.append(helper.make_opsetid("", OPSET[""]))
    return proto


def keep_outputs(proto, names: list) -> None:
    """Drops outputs that nothing was compared with."""
    kept = [value for value in proto.graph.output if value.name in names]
    if not kept:
        raise Problem("parity", "The twin has no output to compare with.", "Log the model as ONNX yourself.")
    del proto.graph.output[:]
    proto.graph.output.extend(kept)


def describe(proto, interface, form: str, details: dict) -> None:
    """Names the columns of the matrix, and what the file was made of."""
    if interface.columns is not None and not form.startswith("columns"):
        details = {**details, "houston.features": json.dumps(interface.names)}
    helper.set_model_props(proto, {**{p.key: p.value for p in proto.metadata_props}, **details})


NUMPY = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.INT64: np.int64,
    TensorProto.INT32: np.int32,
    TensorProto.BOOL: np.bool_,
    TensorProto.FLOAT16: np.float16,
    TensorProto.UINT8: np.uint8,
    TensorProto.INT8: np.int8,
}


def feeds(proto, interface, form: str, rows) -> dict:
    """The rows as the graph takes them."""
    inputs = proto.graph.input
    if not form.startswith("columns"):
        matrix = rows.to_numpy(dtype="float64") if interface.columns is not None else rows
        return {inputs[0].name: matrix.astype(NUMPY[inputs[0].type.tensor_type.elem_type])}
    given = {}
    for value in inputs:
        kind = value.type.tensor_type.elem_type
        column = rows[value.name].to_numpy()
        typed = column.astype(str).astype(object) if kind == TensorProto.STRING else column.astype(NUMPY[kind])
        given[value.name] = typed.reshape(-1, 1)
    return given
