"""Drives a running server with the unmodified MLflow scoring client: mlflow_client.py HOST PORT.

"m" takes one matrix of two columns and gives sigmoid(features · [1, 2]); "columns" takes a, b and name, one value a
row, and gives them back.
"""

import json
import sys
import urllib.request

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

host, port = sys.argv[1:3]
bare = ScoringServerClient(host, port)
bare.wait_server_ready(timeout=30)
assert bare.get_version()

matrix = np.array([[1, 2], [3, 4]], dtype=np.float32)
want = 1 / (1 + np.exp(-(matrix @ np.array([1, 2]))))
m = ScoringServerClient(host, f"{port}/deployments/m")
m.wait_server_ready(timeout=30)
assert m.get_version() == "test"


def close(response):
    got = response.get_predictions("ndarray", dtype=np.float64)
    np.testing.assert_allclose(got.ravel(), want, rtol=1e-6)


close(bare.invoke(matrix))
close(m.invoke(matrix))
close(m.invoke(pd.DataFrame(matrix)))
close(m.invoke(pd.DataFrame(matrix, columns=["left", "right"]), params={"event_time": "2001-02-01T07:00:00Z"}))
close(m.invoke(matrix.tolist()))
close(m.invoke(json.dumps({"instances": matrix.tolist()})))
close(m.invoke(json.dumps({"instances": [{"features": row} for row in matrix.tolist()]})))
close(m.invoke(json.dumps({"inputs": {"features": matrix.tolist()}})))

columns = ScoringServerClient(host, f"{port}/deployments/columns")
frame = pd.DataFrame({"name": ["x", "ß"], "b": [2**40, -1], "more": [0, 0], "a": [0.5, None]})
for response in [
    columns.invoke(frame),
    columns.invoke(json.dumps({"dataframe_records": frame.replace({np.nan: None}).to_dict(orient="records")})),
    columns.invoke(json.dumps({"instances": frame.replace({np.nan: None}).to_dict(orient="records")})),
]:
    got = response.get_predictions()
    assert got["name_out"].tolist() == ["x", "ß"] and got["b_out"].tolist() == [2**40, -1], got
    assert got["a_out"][0] == 0.5 and pd.isna(got["a_out"][1]), got


def post(body, content_type):
    request = urllib.request.Request(
        f"http://{host}:{port}/deployments/columns/invocations", body.encode(), {"content-type": content_type}
    )
    with urllib.request.urlopen(request) as reply:
        return reply.read().decode()


csv = post(frame.to_csv(index=False), "text/csv")
assert '"name_out":"ß"' in csv and '"b_out":1099511627776' in csv and '"a_out":null' in csv, csv
try:
    columns.invoke(frame.drop(columns="a"))
    raise SystemExit("a missing column was taken")
except Exception as error:
    assert "error code 400" in str(error) and 'no column \\"a\\"' in str(error), error
print("fine")
