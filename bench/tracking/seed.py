"""Fills either server's database with the same runs: three metrics, three params and a tag each; and one run with a long history.

seed.py URL KIND RUNS POINTS: URL is a path of SQLite or postgres://…, KIND is mlflow or houston.
"""

import io
import random
import sqlite3
import sys
from array import array

url, kind, count, points = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LONG_RUN = "f" * 32
START = 1_700_000_000_000
BLOCK = 4096


class Sqlite:
    def __init__(self):
        self.db = sqlite3.connect(url, timeout=60)

    def insert(self, table, columns, rows):
        places = ", ".join("?" * len(columns))
        self.db.executemany(f"insert into {table} ({', '.join(columns)}) values ({places})", rows)

    def one(self, query):
        return self.db.execute(query).fetchone()[0]

    def close(self):
        self.db.commit()
        # Statistics and a short log for both, as a server that has run for a while has them.
        self.db.execute("pragma wal_checkpoint(truncate)")
        self.db.close()


class Postgres:
    def __init__(self):
        import psycopg2

        self.db = psycopg2.connect(url)

    def insert(self, table, columns, rows):
        def text(value):
            if isinstance(value, bytes):
                return "\\\\x" + value.hex()
            return str(int(value) if isinstance(value, bool) else value)

        lines = ("\t".join(map(text, row)) + "\n" for row in rows)
        cursor = self.db.cursor()
        while part := "".join(line for _, line in zip(range(50_000), lines)):
            cursor.copy_from(io.StringIO(part), table, columns=columns)

    def one(self, query):
        cursor = self.db.cursor()
        cursor.execute(query)
        return cursor.fetchone()[0]

    def close(self):
        self.db.commit()
        self.db.autocommit = True
        self.db.cursor().execute("vacuum analyze")
        self.db.close()


db = Postgres() if url.startswith("postgres") else Sqlite()
draw = random.Random(1969)
runs, metrics, params, tags = [], [], [], []
for i in range(count):
    run = f"{i:08x}{draw.getrandbits(96):024x}"
    runs.append((run, f"run {i}", START + i * 1000))
    metrics += [(run, key, draw.random()) for key in ("auc", "loss", "f1")]
    params += [(run, "depth", str(i % 12)), (run, "eta", str(i % 7)), (run, "model", f"kind {i % 5}")]
    tags.append((run, "mlflow.runName", f"run {i}"))
if points:
    runs.append((LONG_RUN, "long", START))
    metrics.append((LONG_RUN, "curve", 0.5))
steps = range(points)
if kind == "mlflow":
    db.insert(
        "runs",
        ("run_uuid", "name", "source_type", "user_id", "status", "start_time", "end_time", "lifecycle_stage", "artifact_uri", "experiment_id"),
        [(run, name, "LOCAL", "ann", "FINISHED", start, 1, "active", "mlflow-artifacts:/0", 0) for run, name, start in runs],
    )
    false = "f" if url.startswith("postgres") else 0
    db.insert(
        "latest_metrics",
        ("run_uuid", "key", "value", "timestamp", "step", "is_nan"),
        [(*metric, 1, 0, false) for metric in metrics],
    )
    db.insert("params", ("run_uuid", "key", "value"), params)
    db.insert("tags", ("run_uuid", "key", "value"), tags)
    db.insert(
        "metrics",
        ("run_uuid", "key", "step", "timestamp", "value", "is_nan"),
        ((LONG_RUN, "curve", step, START + step, step % 997 / 997, false) for step in steps),
    )
else:
    db.insert(
        "experiments_runs",
        ("id", "experiment_id", "name", "status", "stage", "started_at", "ended_at", "actor", "environment"),
        [(run, 0, name, "finished", "active", start, 1, "user:ann", "{}") for run, name, start in runs],
    )
    db.insert(
        "experiments_series",
        ("run_id", "key", "value", "time", "step", "special"),
        [(*metric, 1, 0, 0) for metric in metrics],
    )
    db.insert("experiments_params", ("run_id", "key", "value"), params)
    db.insert("experiments_run_tags", ("run_id", "key", "value"), tags)
    if points:
        series = db.one("select id from experiments_series where key = 'curve'")
        # Steps and times keep their distance, so a block says the first and the distance of them, and each value.
        blocks = []
        for low in range(0, points, BLOCK):
            high = min(low + BLOCK, points)
            numbers = array("d", [low, 1, START + low, 1, *(step % 997 / 997 for step in range(low, high))])
            blocks.append((series, low, high - low, bytes([1, 1, 0, 0, 0, 0, 0, 0]) + numbers.tobytes()))
        db.insert("experiments_point_blocks", ("series", "low", "points", "data"), blocks)
db.close()
