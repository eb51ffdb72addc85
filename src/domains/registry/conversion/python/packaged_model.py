"""Loads the model of an MLflow package. What can be read as data is; a pickle only where code may run."""

import importlib
import importlib.metadata
import os
import shutil
import sys

from problem import Problem

# Types of skops files that hold numbers only: a forged one can at worst end this process.
DATA_TYPES = {
    "collections.OrderedDict",
    "numpy.dtype",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "lightgbm.basic.Booster",
    "lightgbm.sklearn.LGBMClassifier",
    "lightgbm.sklearn.LGBMRegressor",
    "xgboost.core.Booster",
    "xgboost.sklearn.XGBClassifier",
    "xgboost.sklearn.XGBRegressor",
}
NEEDS_CODE = "Log it without a pickle (skops, ubj, json or text), or ask someone with the role code-runner."
BASE = ["numpy", "pandas", "onnx", "onnxruntime"]
# Module to import → name to install.
NEEDED = {
    "sklearn": ["sklearn", "skops", "skl2onnx"],
    "xgboost": ["xgboost", "sklearn", "skl2onnx", "onnxmltools"],
    "lightgbm": ["lightgbm", "sklearn", "skops", "skl2onnx", "onnxmltools"],
    "pytorch": ["torch"],
    "onnx": [],
}
PACKAGES = {"sklearn": "scikit-learn", "yaml": "PyYAML"}


def require(flavor: str) -> dict:
    """Versions of everything that the conversion stands on. Raises Problem naming what is missing."""
    modules = BASE + NEEDED[flavor]
    versions, missing = {"python": sys.version.split()[0]}, []
    for module in modules:
        name = PACKAGES.get(module, module)
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise Problem(
            "missing",
            f"The Python of conversions ({sys.executable}) lacks {', '.join(missing)}.",
            "Install what `houston models convert --requirements` prints into it"
            + (", and torch." if "torch" in missing else "."),
        )
    return versions


def unpack(files: dict, folder: str) -> str:
    """Copies the package into `folder`, so that nothing can touch the originals."""
    root = os.path.realpath(folder)
    for name, path in files.items():
        target = os.path.realpath(os.path.join(root, name))
        if not target.startswith(root + os.sep):
            raise Problem("unsupported", "A file of the package lies outside of it.", "Log the model again.")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copyfile(path, target)
    return root


class Loader:
    """Opens files of one unpacked package."""

    def __init__(self, folder: str, flavor: dict, allow_code: bool):
        self.folder = folder
        self.flavor = flavor
        self.allow_code = allow_code
        self.ran_code = False
        if allow_code and flavor.get("code"):
            sys.path.append(self.path(flavor["code"]))

    def path(self, name: str) -> str:
        found = os.path.realpath(os.path.join(self.folder, str(name)))
        if not found.startswith(self.folder + os.sep) or not os.path.exists(found):
            raise Problem("unsupported", "The package lacks the file of its model.", "Log the model again.")
        return found

    def estimator(self, name: str, serialization: str):
        """A scikit-learn object from skops, pickle or cloudpickle."""
        path = self.path(name)
        if serialization == "skops":
            return self._skops(path)
        if not self.allow_code:
            raise Problem("code", "The model is a pickle, and loading one runs its code.", NEEDS_CODE)
        self.ran_code = True
        module = importlib.import_module("cloudpickle" if serialization == "cloudpickle" else "pickle")
        with open(path, "rb") as file:
            return module.load(file)

    def _skops(self, path: str):
        import skops.io

        found = skops.io.get_untrusted_types(file=path)
        foreign = sorted(set(found) - DATA_TYPES)
        if foreign and not self.allow_code:
            names = ", ".join(foreign[:5])
            raise Problem("code", f"The model holds types beyond plain numbers: {names}.", NEEDS_CODE)
        self.ran_code = bool(foreign)
        return skops.io.load(path, trusted=found)


def same_minor(package: str, made_with) -> None:
    """Estimators of another minor version load without a word and may predict something else."""
    have = importlib.metadata.version(package)
    if made_with is None or str(made_with).split(".")[:2] == have.split(".")[:2]:
        return
    raise Problem(
        "mismatch",
        f"The model was made with {package} {made_with}; the Python of conversions has {have}.",
        f"Install {package}=={made_with} in a Python of its own and name that with HOUSTON_PYTHON, or train again.",
    )


def load(flavor_name: str, loader: Loader):
    """The model as its own library knows it."""
    flavor = loader.flavor
    if flavor_name == "sklearn":
        same_minor("scikit-learn", flavor.get("sklearn_version"))
        return loader.estimator(flavor["pickled_model"], flavor.get("serialization_format", "pickle"))
    if flavor_name == "xgboost":
        return _xgboost(loader.path(flavor["data"]), flavor.get("model_class", ""))
    if flavor_name == "lightgbm":
        import lightgbm

        if flavor.get("model_class", "lightgbm.basic.Booster") == "lightgbm.basic.Booster":
            return lightgbm.Booster(model_file=loader.path(flavor["data"]))
        same_minor("lightgbm", flavor.get("lgb_version"))
        return loader.estimator(flavor["data"], flavor.get("serialization_format", "cloudpickle"))
    if flavor_name == "pytorch":
        return _pytorch(loader)
    return loader.path(flavor["data"])


def _xgboost(path: str, model_class: str):
    import xgboost

    if not path.endswith((".ubj", ".json")):
        raise Problem("unsupported", "The model is in a format that XGBoost no longer reads.", "Log it as ubj.")
    name = model_class.rpartition(".")[2]
    known = {"XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor"}
    model = getattr(xgboost, name)() if name in known else xgboost.Booster()
    model.load_model(path)
    return model


def _pytorch(loader: Loader):
    import torch

    if not loader.allow_code:
        raise Problem("code", "The model is a pickle, and loading one runs its code.", NEEDS_CODE)
    loader.ran_code = True
    folder = loader.path(loader.flavor["model_data"])
    exported = os.path.join(folder, "model.pt2")
    if os.path.exists(exported):
        # It has no other mode than the one it was exported in.
        return torch.export.load(exported).module()
    model = torch.load(loader.path(os.path.join(folder, "model.pth")), map_location="cpu", weights_only=False)
    if not isinstance(model, torch.nn.Module):
        raise Problem("unsupported", "The file holds no torch.nn.Module.", "Log the module itself.")
    return model.eval()
