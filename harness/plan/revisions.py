"""The revision of each kind of run: part of every key, so old numbers never pass for new ones.

Raise it when a change of code may change a number, and only then. `tests/runs/test_revisions.py`
pins the numbers of a tiny run of each kind, so a change that forgets it does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping

REVISIONS: Mapping[str, int] = {
    "train": 2,
    "architecture": 1,
    "cka": 1,
    "time_cka": 1,
    "attack": 1,
    "probe": 1,
    "workflow": 1,
    "regression": 1,
    "activations": 1,
    "kernels": 1,
    "maximisation": 2,
    "top_images": 1,
}
