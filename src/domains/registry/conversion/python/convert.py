"""
Turns one packaged model into its ONNX twin and proves that both say the same. Reads the manifest that
HOUSTON_STEP_MANIFEST names, writes the outputs file beside it. It knows no server and no network.
Exit code 0 with a twin, 1 with an error in the outputs file.
"""

import json
import os
import shutil
import sys
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from limits import confine  # noqa: E402
from problem import Problem  # noqa: E402

DRAWN_ROWS = 256


def main() -> int:
    with open(os.environ["HOUSTON_STEP_MANIFEST"], encoding="utf8") as file:
        manifest = json.load(file)
    wanted = manifest["input"]
    confine(wanted["memoryBytes"], wanted["cpuSeconds"])
    warnings.simplefilter("ignore")
    try:
        result, status = convert(wanted, manifest["outputDir"], progress_into(manifest["progress"])), 0
    except Problem as problem:
        result, status = {"error": explain(problem.code, str(problem), problem.next_step)}, 1
    except MemoryError:
        message = "The conversion needed more memory than it may use."
        result, status = {"error": explain("failed", message, "Log the model as ONNX yourself.")}, 1
    except Exception as error:
        print(repr(error), file=sys.stderr)
        message = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
        result, status = {"error": explain("failed", message[:500], "Read the log of the conversion.")}, 1
    with open(manifest["outputs"] + ".part", "w", encoding="utf8") as file:
        json.dump(result, file)
    os.replace(manifest["outputs"] + ".part", manifest["outputs"])
    return status


def explain(code: str, message: str, next_step: str) -> dict:
    return {"code": code, "message": message, "next": next_step}


def progress_into(path: str):
    def progress(fraction: float, note: str) -> None:
        with open(path, "a", encoding="utf8") as file:
            file.write(json.dumps({"progress": fraction, "note": note}) + "\n")

    return progress


def convert(wanted: dict, folder: str, progress) -> dict:
    import packaged_model

    flavor = wanted["flavor"]
    progress(0.05, "looking for the libraries")
    versions = packaged_model.require(flavor)
    package = packaged_model.unpack(wanted["files"], os.path.join(folder, "package"))
    os.chdir(folder)
    loader = packaged_model.Loader(package, wanted["description"]["flavors"][flavor], wanted["allowCode"])
    progress(0.2, f"loading the {flavor} model")
    model = packaged_model.load(flavor, loader)
    interface, samples = read_rows(wanted, flavor, model, package)
    progress(0.5, "making ONNX")
    twin, form, figures = first_that_holds(flavor, model, interface, samples, progress)
    import exporters

    exporters.describe(twin, interface, form, {"houston.source": wanted["digest"]})
    path = os.path.join(folder, "model.onnx")
    with open(path, "wb") as file:
        file.write(twin.SerializeToString(deterministic=True))
    shutil.rmtree(package, ignore_errors=True)
    sources = {name: len(rows) for name, rows in samples.items()}
    found = {**figures, "form": form, "rows": sources, "versions": versions, "ranCode": loader.ran_code}
    return {"outputs": found}


def read_rows(wanted: dict, flavor: str, model, package: str):
    import rows

    if flavor == "onnx":
        return onnx_rows(model, wanted["seed"])
    info = wanted["description"].get("saved_input_example_info")
    name = (info or {}).get("artifact_path")
    path = os.path.join(package, name) if name in wanted["files"] else None
    example = rows.read_example(info, path)
    interface = rows.read_interface(wanted["description"].get("inputs"), example, model)
    if any(size < 1 for size in interface.shape):
        raise Problem("unsupported", "Only the number of rows may be free.", "Log the model with a fixed shape.")
    samples = {}
    given = rows.example_rows(interface, example)
    if given is not None and interface.columns is not None:
        given = given.dropna(subset=[c["name"] for c in interface.columns if c["type"] == "string"])
    if given is not None and len(given) > 0:
        samples["example"] = given
    categories = rows.known_categories(model)
    samples["drawn"] = rows.drawn_rows(interface, DRAWN_ROWS, wanted["seed"], given, categories)
    return interface, samples


def onnx_rows(path: str, seed: int):
    import numpy as np
    import parity
    import rows

    inputs = parity.open_session(path).get_inputs()
    if len(inputs) != 1 or inputs[0].type not in ("tensor(float)", "tensor(double)"):
        raise Problem(
            "unsupported",
            "A file whose weights lie beside it is compared only when it takes one tensor of numbers.",
            "Log the model with save_as_external_data=False.",
        )
    shape = tuple(size if isinstance(size, int) else 1 for size in inputs[0].shape[1:])
    dtype = "float32" if inputs[0].type == "tensor(float)" else "float64"
    first = inputs[0].shape[0] if inputs[0].shape else 1
    count = first if isinstance(first, int) else 16
    interface = rows.Interface(None, dtype, int(np.prod(shape)), shape)
    random = np.random.default_rng(seed)
    return interface, {"drawn": random.standard_normal((count, *shape)).astype(dtype)}


def first_that_holds(flavor: str, model, interface, samples: dict, progress):
    """The first form in which the twin says what the model says; else the reason of the form that came nearest."""
    import exporters
    import onnx
    import parity

    own = {}
    for name in list(samples):
        try:
            own[name] = parity.own_answers(flavor, model, samples[name])
        except Problem:
            raise
        except Exception as error:
            # A drawn row may be one that the model refuses; the logged example may not.
            if name == "example" or "example" not in samples:
                next_step = "Log it with an input_example that it takes, or as ONNX yourself."
                raise Problem("example", f"The model refuses its rows: {str(error)[:300]}", next_step)
            del samples[name]
    reason = None
    for form in exporters.forms(flavor, interface):
        try:
            twin = exporters.export(flavor, model, interface, form)
            exporters.keep_outputs(twin, sorted(set().union(*own.values())))
            onnx.checker.check_model(twin)
            session = parity.open_session(twin.SerializeToString())
            progress(0.8, f"comparing as {form}")
            figures = merge(compare_all(session, twin, interface, form, samples, own))
        except Problem as problem:
            reason = problem
            continue
        except Exception as error:
            print(f"{form}: {error!r}", file=sys.stderr)
            if reason is None or (reason.code != "parity" and form != "matrix-64"):
                message = f"{type(error).__name__}: {str(error).strip()[:400]}"
                next_step = "Log it as ONNX yourself."
                reason = Problem("unsupported", f"This model has no ONNX form: {message}", next_step)
            continue
        if parity.holds(figures):
            return twin, form, figures
        reason = Problem(
            "parity",
            f"The twin differs by up to {figures['maxRelative']:.3g} relative ({figures['maxAbsolute']:.3g} absolute) "
            f"and in {figures['labelMismatches']} labels; {parity.TOLERANCE:g} and none are allowed.",
            "Log the model as ONNX yourself, or train it on numbers of single precision.",
        )
    raise reason


def compare_all(session, twin, interface, form: str, samples: dict, own: dict) -> list:
    import exporters
    import parity

    names = [output.name for output in session.get_outputs()]
    found = []
    for name, rows in samples.items():
        answers = dict(zip(names, session.run(None, exporters.feeds(twin, interface, form, rows))))
        found.append(parity.compare(own[name], answers))
    return found


def merge(found: list) -> dict:
    import parity

    return {
        "maxAbsolute": max(one["maxAbsolute"] for one in found),
        "maxRelative": max(one["maxRelative"] for one in found),
        "labelMismatches": sum(one["labelMismatches"] for one in found),
        "comparedOutputs": found[0]["outputs"],
        "tolerance": parity.TOLERANCE,
    }


if __name__ == "__main__":
    sys.exit(main())
