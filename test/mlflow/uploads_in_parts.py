"""Large files go up in parts, as a client does when it is told to."""

import hashlib
import os
import sys
import tempfile
from pathlib import Path
from unittest import mock

import mlflow
import requests
from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository

part = 5 * 1024 * 1024
assert os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] == "true"
folder = Path(tempfile.mkdtemp())
content = os.urandom(3 * part + 12345)
(folder / "big 100%.bin").write_bytes(content)
(folder / "small.txt").write_text("small")

sent: list[str] = []
put = requests.put


def watched(url, **kwargs):
    sent.append(url)
    return put(url, **kwargs)


with mlflow.start_run() as run, mock.patch("requests.put", watched):
    mlflow.log_artifacts(str(folder), "deep/er")
assert len(sent) == 4, sent
with mock.patch("requests.put", watched):
    mlflow.MlflowClient().log_artifact(run.info.run_id, str(folder / "big 100%.bin"))
assert len(sent) == 8, sent

for path in ["deep/er/big 100%.bin", "big 100%.bin"]:
    local = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=path)
    assert hashlib.sha256(Path(local).read_bytes()).digest() == hashlib.sha256(content).digest()

# A part that fails: the client aborts, and nothing is left of the file.
with mock.patch.object(HttpArtifactRepository, "_upload_part", side_effect=OSError("line")):
    try:
        mlflow.MlflowClient().log_artifact(run.info.run_id, str(folder / "big 100%.bin"), "broken")
        sys.exit("the upload should have failed")
    except Exception as error:
        assert "Failed to upload" in str(error), error
assert mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path="broken") == []
print("uploads_in_parts: done")
