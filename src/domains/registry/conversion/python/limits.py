"""What this process may use, set before anything is loaded."""

import resource
import sys

GIB = 1024**3


def confine(memory_bytes: int, cpu_seconds: int) -> None:
    """Caps address space, processor time and file sizes of this process and its children; no core dumps."""
    wanted = {
        "RLIMIT_CPU": cpu_seconds,
        "RLIMIT_FSIZE": 4 * GIB,
        "RLIMIT_CORE": 0,
    }
    # Elsewhere than on Linux the cap on the address space is refused or without effect.
    if sys.platform == "linux":
        wanted["RLIMIT_AS"] = memory_bytes
    for name, value in wanted.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        cap = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (cap, cap))
