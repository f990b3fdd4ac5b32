"""The canary's values on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.canary.kept import LIMITS, kept_of, read_kept, write_kept
from harness.canary.run import tasks_of
from harness.errors import HarnessError
from harness.layout import layout
from tests.canary.made import HERE, trace

TEXT = """share = 0.58
[exact]
train = { tolerance = 1e-9, basis = "" }
[real.f32]
train = { tolerance = 1e-5, basis = "" }
"""


def folder(golden: Path) -> Path:
    place = golden / "canary"
    place.mkdir(parents=True)
    (place / LIMITS).write_text(TEXT)
    return place


def test_what_was_measured_is_read_again(tmp_path: Path) -> None:
    place = folder(tmp_path)
    (place / "gone.json").write_text("{}")  # a kind that is no more
    odd = {"loss": [0.1 + 0.2, 1e-300, None, "word"], "lr": [2 / 3]}
    measured = kept_of([trace(), trace(name="odd", exact=odd, real={})], tmp_path, HERE)
    write_kept(tmp_path, measured)
    found = read_kept(tmp_path)
    assert found == measured
    assert found.provenance["digests"]["lif"] == trace().digest
    assert not (place / "gone.json").exists()


@pytest.mark.parametrize("name", ["limits.toml", "train.json", "provenance.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    place = folder(tmp_path)
    write_kept(tmp_path, kept_of([trace()], tmp_path, HERE))
    (place / name).write_text("{")
    with pytest.raises(HarnessError, match=f"golden/canary/{name}"):
        read_kept(tmp_path)


def test_of_every_run_values_and_limits_are_kept() -> None:
    kept = read_kept(layout().golden)
    wanted = {(node.kind, node.label) for node in tasks_of(layout())}
    assert wanted == {(kind, name) for kind, those in kept.traces.items() for name in those}
    assert {kind for kind, _ in wanted} == set(kept.limits.exact)
