"""Fills either server's SQLite database with the same runs: three metrics, three params and a tag each."""

import random
import sqlite3
import sys

path, kind, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = sqlite3.connect(path, timeout=60)
draw = random.Random(1969)
runs, metrics, params, tags = [], [], [], []
for i in range(count):
    run = f"{i:08x}{draw.getrandbits(96):024x}"
    start = 1_700_000_000_000 + i * 1000
    runs.append((run, f"run {i}", start))
    metrics += [(run, key, draw.random()) for key in ("auc", "loss", "f1")]
    params += [(run, "depth", str(i % 12)), (run, "eta", str(i % 7)), (run, "model", f"kind {i % 5}")]
    tags.append((run, "mlflow.runName", f"run {i}"))
if kind == "mlflow":
    db.executemany(
        "insert into runs (run_uuid, name, source_type, user_id, status, start_time, end_time, lifecycle_stage, "
        "artifact_uri, experiment_id) values (?, ?, 'LOCAL', 'ann', 'FINISHED', ?, 1, 'active', 'mlflow-artifacts:/0', 0)",
        runs,
    )
    db.executemany(
        "insert into latest_metrics (run_uuid, key, value, timestamp, step, is_nan) values (?, ?, ?, 1, 0, 0)", metrics
    )
    db.executemany("insert into params (run_uuid, key, value) values (?, ?, ?)", params)
    db.executemany("insert into tags (run_uuid, key, value) values (?, ?, ?)", tags)
else:
    db.executemany(
        "insert into experiments_runs (id, experiment_id, name, status, stage, started_at, ended_at, actor, environment) "
        "values (?, 0, ?, 'finished', 'active', ?, 1, 'user:ann', '{}')",
        runs,
    )
    db.executemany(
        "insert into experiments_series (run_id, key, value, time, step, special) values (?, ?, ?, 1, 0, 0)", metrics
    )
    db.executemany("insert into experiments_params (run_id, key, value) values (?, ?, ?)", params)
    db.executemany("insert into experiments_run_tags (run_id, key, value) values (?, ?, ?)", tags)
db.commit()
