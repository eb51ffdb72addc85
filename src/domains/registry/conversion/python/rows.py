"""The rows that a model and its twin are compared on, and the form in which the twin takes them."""

import json

import numpy as np
import pandas as pd

from problem import Problem

NUMBERS = {"double", "float", "long", "integer", "boolean"}
DTYPES = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32", "boolean": "bool"}
MOST_EXAMPLE_ROWS = 1000


class Interface:
    """What the model is asked with: named columns, or one tensor."""

    def __init__(self, columns: list | None, dtype: str = "float64", width: int = 0, shape: tuple = ()):
        self.columns = columns
        self.dtype = dtype
        self.width = len(columns) if columns is not None else width
        self.shape = shape

    @property
    def names(self) -> list:
        return [column["name"] for column in self.columns]

    @property
    def all_numbers(self) -> bool:
        return self.columns is None or all(column["type"] in NUMBERS for column in self.columns)

    def frame(self, values: list) -> pd.DataFrame:
        """A list of columns as the table that the model was trained on; missing numbers keep a column floating."""
        table = {}
        for column, data in zip(self.columns, values):
            series = pd.Series(data, dtype="object")
            wanted = DTYPES.get(column["type"], "object")
            has_gaps = wanted != "object" and series.isna().any()
            table[column["name"]] = series.astype("float64" if has_gaps else wanted)
        return pd.DataFrame(table)


def read_interface(signature, example, model) -> Interface:
    """From the signature, else from the example, else from what the model says of itself."""
    if isinstance(signature, list) and signature:
        first = signature[0]
        if all(column.get("name") and "type" in column for column in signature):
            if any("tensor-spec" in column for column in signature):
                raise Problem("unsupported", "The signature names several tensors.", "Log a matrix or a table.")
            for column in signature:
                if column["type"] not in NUMBERS | {"string"}:
                    raise Problem(
                        "unsupported",
                        f'The column "{column["name"]}" is of the type {column["type"]}.',
                        "Convert it to a number or a text before the model.",
                    )
            return Interface(signature)
        if len(signature) == 1 and "tensor-spec" in first:
            spec = first["tensor-spec"]
            shape = tuple(spec["shape"][1:])
            return Interface(None, spec["dtype"], int(np.prod(shape)) if shape else 1, shape)
        if all(column.get("type") in NUMBERS for column in signature):
            return Interface(None, "float64", len(signature), (len(signature),))
    if isinstance(example, pd.DataFrame):
        return Interface([{"name": str(name), "type": _type_of(example[name])} for name in example.columns])
    if isinstance(example, np.ndarray) and example.ndim >= 2:
        shape = example.shape[1:]
        return Interface(None, str(example.dtype), int(np.prod(shape)), shape)
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        return Interface([{"name": str(name), "type": "double"} for name in names])
    width = getattr(model, "n_features_in_", None) or _booster_width(model)
    if width:
        return Interface(None, "float64", int(width), (int(width),))
    raise Problem("example", "Neither a signature nor an example says what the model takes.", "Log it with an input_example.")


def _type_of(series: pd.Series) -> str:
    if series.dtype == bool:
        return "boolean"
    if np.issubdtype(series.dtype, np.integer):
        return "long"
    return "double" if np.issubdtype(series.dtype, np.floating) else "string"


def _booster_width(model) -> int:
    for name in ("num_features", "num_feature"):
        if callable(getattr(model, name, None)):
            return getattr(model, name)()
    return 0


def read_example(info, path):
    """The logged input example: a table, an array, or None when there is none that can be compared on."""
    if not isinstance(info, dict) or path is None:
        return None
    with open(path, encoding="utf8") as file:
        try:
            content = json.load(file)
        except ValueError:
            return None
    if info.get("type") == "dataframe" and info.get("pandas_orient") == "split" and isinstance(content, dict):
        data = content.get("data", [])[:MOST_EXAMPLE_ROWS]
        columns = content.get("columns") or range(len(data[0]) if data else 0)
        return pd.DataFrame(data, columns=[str(name) for name in columns])
    if info.get("type") == "ndarray" and isinstance(content, list):
        found = np.asarray(content[:MOST_EXAMPLE_ROWS])
        return found if found.dtype != object else None
    return None


def example_rows(interface: Interface, example):
    """The example as the model takes it; None when it does not fit the signature."""
    if example is None:
        return None
    if interface.columns is not None:
        if isinstance(example, np.ndarray) or not set(interface.names) <= set(example.columns):
            return None
        return interface.frame([example[name].tolist() for name in interface.names])
    values = example.to_numpy() if isinstance(example, pd.DataFrame) else example
    if values.shape[1:] != interface.shape:
        return None
    return values.astype(interface.dtype)


def drawn_rows(interface: Interface, rows: int, seed: int, like, categories: dict):
    """
    Rows drawn from the signature: numbers from the range of the example (and a fifth beyond it) or, without one, of
    every size from 0.01 to 1000; texts from the example and from the categories that the model knows.
    """
    random = np.random.default_rng(seed)
    if interface.columns is None:
        flat = None if like is None else np.asarray(like, dtype="float64").reshape(len(like), -1)
        columns = [_numbers(random, rows, None if flat is None else flat[:, i]) for i in range(interface.width)]
        return np.column_stack(columns).reshape((rows, *interface.shape)).astype(interface.dtype)
    values = []
    for column in interface.columns:
        name, kind = column["name"], column["type"]
        seen = None if like is None else like[name]
        if kind == "string":
            known = [*categories.get(name, []), *([] if seen is None else seen.dropna().tolist())]
            values.append(random.choice(np.array(sorted(set(map(str, known))) or ["a", "b"], dtype=object), rows))
        elif name in categories:
            values.append(random.choice(np.asarray(categories[name]), rows))
        elif kind == "boolean":
            values.append(random.integers(0, 2, rows).astype(bool))
        else:
            numbers = _numbers(random, rows, None if seen is None else seen.to_numpy(dtype="float64"))
            values.append(np.rint(numbers) if kind in ("long", "integer") and not np.isnan(numbers).any() else numbers)
    return interface.frame([list(column) for column in values])


def _numbers(random, rows: int, seen):
    finite = None if seen is None else seen[np.isfinite(seen)]
    if finite is None or len(finite) == 0:
        drawn = random.choice([-1.0, 1.0], rows) * 10 ** random.uniform(-2, 3, rows)
    else:
        low, high = float(finite.min()), float(finite.max())
        spread = (high - low) or abs(low) or 1.0
        drawn = random.uniform(low - spread / 5, high + spread / 5, rows)
        if len(finite) < len(seen):
            drawn[random.random(rows) < 0.2] = np.nan
    # Such as single precision holds, so that both sides see the same number.
    return drawn.astype("float32").astype("float64")


def known_categories(model, columns=None) -> dict:
    """Column name → values that an encoder within a pipeline of scikit-learn was fitted on."""
    found: dict = {}
    for step in [step for _, step in getattr(model, "steps", [])]:
        found.update(known_categories(step, columns))
    for _, transformer, names in getattr(model, "transformers_", []):
        if isinstance(names, (list, np.ndarray, pd.Index)) and not isinstance(transformer, str):
            found.update(known_categories(transformer, [str(name) for name in names]))
    values = getattr(model, "categories_", None)
    if values is not None and columns is None:
        columns = [str(name) for name in getattr(model, "feature_names_in_", [])]
    if values is not None and len(values) == len(columns or []):
        found.update({name: list(known) for name, known in zip(columns, values)})
    return found
