"""Writes packaged models for the tests of conversion: `packages.py FOLDER`, one folder a model, as MLflow lays them out."""

import json
import os
import pickle
import sys

import lightgbm
import numpy as np
import skops.io
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

root = sys.argv[1]
random = np.random.default_rng(0)
rows = random.normal(size=(80, 2))
labels = (rows.sum(axis=1) > 0).astype(int)
logit = LogisticRegression().fit(rows, labels)
columns = json.dumps([{"name": name, "type": "double", "required": True} for name in ("a", "b")])


class Evil:
    """Runs code when it is loaded, and is then what the code leaves in `made`."""

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return eval, (f"(lambda d: (exec({self.code!r}, d), d.get('made'))[1])({{}})",)


def package(name, flavor, settings, write):
    folder = os.path.join(root, name)
    os.makedirs(folder)
    write(folder)
    model = {"flavors": {flavor: settings}, "signature": {"inputs": columns}}
    with open(os.path.join(folder, "MLmodel"), "w", encoding="utf8") as file:
        json.dump(model, file)  # JSON is YAML


def sklearn_package(name, model, serialization, **more):
    def write(folder):
        path = os.path.join(folder, "model.bin")
        if serialization == "skops":
            skops.io.dump(model, path)
        else:
            with open(path, "wb") as file:
                pickle.dump(model, file)

    settings = {"pickled_model": "model.bin", "serialization_format": serialization}
    package(name, "sklearn", {**settings, "sklearn_version": sklearn.__version__, **more}, write)


booster = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(rows, labels), 5)
package("booster", "lightgbm", {"data": "model.lgb"}, lambda at: booster.save_model(os.path.join(at, "model.lgb")))
sklearn_package("skops", logit, "skops")
sklearn_package("pickle", logit, "pickle")
sklearn_package("foreign", FunctionTransformer(np.log1p, inverse_func=os.path.basename), "skops")
sklearn_package("older", logit, "skops", sklearn_version="0.24.2")
sklearn_package("climbing", logit, "skops", pickled_model="../../etc/passwd")
sklearn_package("talker", Evil("import os, resource; print(sorted(os.environ.items()), resource.getrlimit(resource.RLIMIT_AS))"), "pickle")
sklearn_package("glutton", Evil("made = bytearray(64 << 30)"), "pickle")
sklearn_package("crasher", Evil("import os; os.abort()"), "pickle")
FORGE = """
import json, os
manifest = json.load(open(os.environ['HOUSTON_STEP_MANIFEST']))
os.symlink('/etc/hostname', os.path.join(manifest['outputDir'], 'model.onnx'))
parity = {'maxAbsolute': 0, 'maxRelative': 0, 'labelMismatches': 0, 'tolerance': 1, 'comparedOutputs': [],
          'rows': {}, 'form': 'matrix', 'versions': {}, 'ranCode': False}
json.dump({'outputs': parity, 'files': {'model': '/etc/hostname'}}, open(manifest['outputs'], 'w'))
os._exit(0)
"""
sklearn_package("forger", Evil(FORGE), "pickle")
SLOW = """
import os, time
open('@JOURNAL@', 'a').write('begun\\n')
time.sleep(6)
from sklearn.linear_model import LogisticRegression
made = LogisticRegression().fit([[0, 0], [1, 1], [0, 1], [1, 0.5]], [0, 1, 0, 1])
"""
journal = os.path.join(os.path.abspath(root), "journal")
sklearn_package("slow", Evil(SLOW.replace("@JOURNAL@", journal)), "pickle")
