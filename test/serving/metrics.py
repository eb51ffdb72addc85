"""Reads a scrape with Prometheus' own parser and checks what a histogram and a counter must keep."""

import sys
from collections import defaultdict

from prometheus_client.parser import text_string_to_metric_families

families = {family.name: family for family in text_string_to_metric_families(sys.stdin.read())}


def series(family):
    """Samples of a histogram by their labels without `le`."""
    found = defaultdict(dict)
    for sample in family.samples:
        labels = dict(sample.labels)
        bound = labels.pop("le", None)
        key = tuple(sorted(labels.items()))
        found[key][bound if bound is not None else sample.name.rsplit("_", 1)[1]] = sample.value
    return found


for family in families.values():
    assert family.documentation, family.name
    seen = set()
    for sample in family.samples:
        key = (sample.name, tuple(sorted(sample.labels.items())))
        assert key not in seen, f"{key} is there twice"
        seen.add(key)
        assert sample.value >= 0, key
        assert not {"user", "id", "prediction", "trace"} & set(sample.labels), key
    if family.type == "counter" and family.name.startswith("houston_"):
        assert all(sample.name.endswith("_total") for sample in family.samples), family.name
    if family.type == "histogram":
        for key, values in series(family).items():
            bounds = [bound for bound in values if bound not in ("sum", "count")]
            numbers = [float(bound) for bound in bounds]
            assert numbers == sorted(numbers) and numbers[-1] == float("inf"), (family.name, bounds)
            assert numbers[0] <= 0.0001 and 0.005 in numbers and 10 in numbers, (family.name, bounds)
            counts = [values[bound] for bound in bounds]
            assert counts == sorted(counts) and counts[-1] == values["count"], (family.name, key, counts)

for name in sys.argv[1:]:
    assert name in families or f"{name}_total" in families, f"{name} is missing of {sorted(families)}"

print("metrics: done", len(families))
