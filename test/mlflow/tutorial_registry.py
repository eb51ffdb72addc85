"""The way of a model through the registry: registered three ways, named by aliases and stages, found, copied, renamed."""

import os
import tempfile
import time

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities.model_registry.prompt_version import PromptModelConfig
from mlflow.exceptions import MlflowException
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge

client = MlflowClient()
x, y = load_diabetes(return_X_y=True, as_frame=True)
mlflow.set_experiment("registry")


def expect(code, action):
    try:
        action()
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, str(error))
        return
    raise AssertionError(f"{code} was expected")


# Three ways in.
with mlflow.start_run() as run:
    first = mlflow.sklearn.log_model(Ridge(0.1).fit(x, y), name="ridge", registered_model_name="sugar", pip_requirements=[])
    second = mlflow.sklearn.log_model(Ridge(1.0).fit(x, y), name="ridge", pip_requirements=[])
    third = mlflow.sklearn.log_model(Ridge(9.0).fit(x, y), name="ridge", pip_requirements=[])
assert int(first.registered_model_version) == 1
two = mlflow.register_model(second.model_uri, "sugar", tags={"alpha": "1"})
assert int(two.version) == 2 and two.tags == {"alpha": "1"}
three = client.create_model_version("sugar", third.model_uri, run.info.run_id, description="the third", model_id=third.model_id)
assert client.get_model_version("sugar", 3).status == "READY" and three.run_id == run.info.run_id
by_run = mlflow.register_model(f"runs:/{run.info.run_id}/ridge", "by-run")
assert int(by_run.version) == 1
expect("RESOURCE_ALREADY_EXISTS", lambda: client.create_registered_model("sugar"))

# Words about it.
client.update_registered_model("sugar", description="sugar after a year")
client.set_registered_model_tag("sugar", "owner", "ann")
client.set_model_version_tag("sugar", "2", "checked", "yes")
client.update_model_version("sugar", 2, description="smoother")
client.set_registered_model_alias("sugar", "champion", 1)
client.set_registered_model_alias("sugar", "challenger", 2)
assert client.get_model_version_by_alias("sugar", "champion").version == "1"
client.set_registered_model_alias("sugar", "champion", 2)
loaded = mlflow.pyfunc.load_model("models:/sugar@champion")
assert np.allclose(loaded.predict(x), Ridge(1.0).fit(x, y).predict(x))
kept = client.get_registered_model("sugar")
assert kept.description == "sugar after a year" and kept.tags["owner"] == "ann"
assert {k: int(v) for k, v in kept.aliases.items()} == {"champion": 2, "challenger": 2}
client.delete_registered_model_alias("sugar", "challenger")
client.delete_model_version_tag("sugar", "2", "checked")
client.delete_registered_model_tag("sugar", "owner")
assert client.get_model_version("sugar", 2).tags == {"alpha": "1"}

# Stages, as older code has them.
client.transition_model_version_stage("sugar", 1, "Staging")
client.transition_model_version_stage("sugar", 2, "Production")
client.transition_model_version_stage("sugar", 3, "production", archive_existing_versions=True)
assert client.get_model_version("sugar", 2).current_stage == "Archived"
assert [int(v.version) for v in client.get_latest_versions("sugar", ["Production"])] == [3]
assert {v.current_stage for v in client.get_latest_versions("sugar")} == {"Staging", "Production", "Archived"}
assert np.allclose(mlflow.sklearn.load_model("models:/sugar/Production").alpha, 9.0)
assert mlflow.sklearn.load_model("models:/sugar/latest").alpha == 9.0

# Finding.
assert [int(v.version) for v in client.search_model_versions("name='sugar'")] == [3, 2, 1]
assert [int(v.version) for v in client.search_model_versions("name='sugar'", order_by=["version_number ASC"])] == [1, 2, 3]
assert [int(v.version) for v in client.search_model_versions("tags.alpha = '1'")] == [2]
assert len(client.search_model_versions(f"run_id = '{run.info.run_id}'")) == 4
assert [m.name for m in client.search_registered_models("name LIKE 'su%'")] == ["sugar"]
assert [m.name for m in mlflow.search_registered_models(order_by=["name DESC"], max_results=1)] != []
page = client.search_registered_models(max_results=1)
assert page.token and client.search_registered_models(max_results=1, page_token=page.token)
assert len(mlflow.search_model_versions(filter_string="name='sugar'", max_results=2)) == 2

# From one name to another, with its tags.
copied = client.copy_model_version("models:/sugar@champion", "sugar-live")
assert copied.name == "sugar-live" and int(copied.version) == 1 and copied.tags == {"alpha": "1"}
assert mlflow.sklearn.load_model("models:/sugar-live/1").alpha == 1.0
with tempfile.TemporaryDirectory() as folder:
    assert os.path.exists(os.path.join(mlflow.artifacts.download_artifacts("models:/sugar/2", dst_path=folder), "MLmodel"))
client.rename_registered_model("by-run", "by-any-run")
assert client.get_model_version("by-any-run", 1).run_id == run.info.run_id
client.delete_model_version("sugar", 1)
expect("RESOURCE_DOES_NOT_EXIST", lambda: client.get_model_version("sugar", 1))
client.delete_registered_model("by-any-run")
expect("RESOURCE_DOES_NOT_EXIST", lambda: client.get_registered_model("by-any-run"))
expect("INVALID_PARAMETER_VALUE", lambda: client.set_registered_model_alias("sugar", "latest", 2))
expect("INVALID_PARAMETER_VALUE", lambda: client.transition_model_version_stage("sugar", 2, "Nowhere"))

# Requirements and the model's own description, as tools ask for them.
assert mlflow.pyfunc.get_model_dependencies("models:/sugar/2").endswith("requirements.txt")
assert mlflow.models.get_model_info("models:/sugar/2").flavors["sklearn"]
mlflow.models.set_signature(second.model_uri, mlflow.models.infer_signature(x, y))
assert mlflow.models.get_model_info(second.model_uri).signature.inputs.input_names() == list(x.columns)

# Prompts.
one = mlflow.genai.register_prompt("greeting", "Hello {{ name }}!", commit_message="first", tags={"tone": "warm"})
two = mlflow.genai.register_prompt(
    "greeting", [{"role": "system", "content": "Be {{ mood }}."}, {"role": "user", "content": "{{ question }}"}],
    response_format={"type": "object"},
    model_config=PromptModelConfig(model_name="m", temperature=0.2, max_tokens=10),
)  # fmt: skip
assert (one.version, two.version) == (1, 2) and one.format(name="Ann") == "Hello Ann!"
mlflow.genai.set_prompt_alias("greeting", alias="production", version=1)
assert mlflow.genai.load_prompt("prompts:/greeting@production").template == "Hello {{ name }}!"
again = mlflow.genai.load_prompt("greeting", version=2)
assert again.format(mood="kind", question="why?")[0]["content"] == "Be kind." and again.model_config["temperature"] == 0.2
mlflow.genai.set_prompt_model_config("greeting", 1, {"temperature": 0.9})
assert mlflow.genai.load_prompt("prompts:/greeting/1", cache_ttl_seconds=0).model_config["temperature"] == 0.9
mlflow.genai.delete_prompt_model_config("greeting", 1)
mlflow.genai.set_prompt_tag("greeting", "team", "desk")
mlflow.genai.set_prompt_version_tag("greeting", 1, "checked", "yes")
assert mlflow.genai.get_prompt_tags("greeting")["team"] == "desk"
mlflow.genai.delete_prompt_version_tag("greeting", 1, "checked")
mlflow.genai.delete_prompt_tag("greeting", "team")
assert [p.name for p in mlflow.genai.search_prompts("name = 'greeting'")] == ["greeting"]
assert "greeting" not in [m.name for m in client.search_registered_models()]
mlflow.genai.delete_prompt_alias("greeting", "production")
assert mlflow.genai.load_prompt("prompts:/nothing/1", allow_missing=True) is None
with mlflow.start_run() as run:
    mlflow.genai.load_prompt("prompts:/greeting/1")
for _ in range(100):
    if "mlflow.linkedPrompts" in client.get_run(run.info.run_id).data.tags:
        break
    time.sleep(0.05)
assert "greeting" in client.get_run(run.info.run_id).data.tags["mlflow.linkedPrompts"]
client.delete_prompt_version("greeting", 2)
client.delete_prompt_version("greeting", 1)
client.delete_prompt("greeting")
assert len(mlflow.genai.search_prompts("name = 'greeting'")) == 0
print("tutorial_registry: done")
