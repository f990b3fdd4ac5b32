"""The canary's values on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.canary.kept import LIMITS, has_canary, kept_of, read_kept, write_kept
from harness.canary.run import tasks_of
from harness.errors import HarnessError
from harness.layout import Layout, layout
from tests.canary.made import HERE, trace

TEXT = """share = 0.58
[exact]
train = { tolerance = 1e-9, basis = "made up" }
[real.f32]
train = { tolerance = 1e-5, basis = "made up" }
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
    assert found.provenance.digests["lif"] == trace().digest
    assert not (place / "gone.json").exists()


@pytest.mark.parametrize("name", ["limits.toml", "train.json", "provenance.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    place = folder(tmp_path)
    write_kept(tmp_path, kept_of([trace()], tmp_path, HERE))
    for content in ("{", "[]", "null", '{"environment": []}', '{"lif": {"loss": 1}}'):
        (place / name).write_text(content)
        with pytest.raises(HarnessError, match=f"golden/canary/{name}"):
            read_kept(tmp_path)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("share = 0.58", "share = 0", "greater than 0"),
        ("share = 0.58", "share = 1.0", "less than or equal to 0.75"),
        ("share = 0.58", "share = nan", "finite"),
        ("tolerance = 1e-9", "tolerance = nan", "finite"),
        ("tolerance = 1e-9", "tolerance = true", "valid number"),
        ("tolerance = 1e-9", "tolerance = 1e9", "less than or equal to 0.000001"),
        ("tolerance = 1e-5", "tolerance = -1.0", "greater than 0"),
        ("tolerance = 1e-5", "tolerance = { los = 0.3 }", "los"),
        ('1e-9, basis = "made up"', '1e-9, basis = ""', "basis"),
        ('1e-9, basis = "made up"', "1e-9", "basis"),
        ("real.f32", "reel.f32", "reel"),
        ("real.f32", "real.f33", "f33"),
    ],
)
def test_a_limit_that_limits_nothing_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    place = folder(tmp_path)
    write_kept(tmp_path, kept_of([trace()], tmp_path, HERE))
    assert right in TEXT
    (place / LIMITS).write_text(TEXT.replace(right, wrong, 1))
    with pytest.raises(HarnessError, match=r"golden/canary/limits\.toml") as error:
        read_kept(tmp_path)
    assert said in str(error.value)


def test_what_an_editor_puts_before_a_text_is_no_fault(tmp_path: Path) -> None:
    place = folder(tmp_path)
    write_kept(tmp_path, kept_of([trace()], tmp_path, HERE))
    before = read_kept(tmp_path)
    for path in place.glob("*.*"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_kept(tmp_path) == before


def test_a_kind_or_a_digest_that_is_gone_is_missed(tmp_path: Path) -> None:
    place = folder(tmp_path)
    write_kept(tmp_path, kept_of([trace()], tmp_path, HERE))
    (place / "provenance.json").write_text('{"environment": {}, "digests": {}}')
    with pytest.raises(HarnessError, match="no digest of 'lif'"):
        read_kept(tmp_path)
    (place / "train.json").unlink()
    with pytest.raises(HarnessError, match="not in both: train"):
        read_kept(tmp_path)


def test_half_a_canary_is_no_silent_none(tmp_path: Path) -> None:
    there = Layout(tmp_path, tmp_path / "store", tmp_path / "out", tmp_path / "data")
    assert not has_canary(there)
    folder(tmp_path / "golden")
    with pytest.raises(HarnessError, match="specs/canary: is gone, while golden/canary is there"):
        has_canary(there)


def test_of_every_run_values_and_limits_are_kept() -> None:
    kept = read_kept(layout().golden)
    wanted = {(node.kind, node.label) for node in tasks_of(layout())}
    assert wanted == {(kind, name) for kind, those in kept.traces.items() for name in those}
    assert {kind for kind, _ in wanted} == set(kept.limits.exact)
