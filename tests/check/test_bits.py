"""Runs on the golden values' class of processor give their bits again, or it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.check.bits import digest_of, other_bits
from harness.errors import HarnessError
from harness.store.manifest import FileRecord, Manifest
from tests.synthetic import ENVIRONMENT, SyntheticStore, plan

HERE = {**ENVIRONMENT, "arithmetic": {"model": "A"}}


def run() -> Manifest:
    made = plan("tableD1", profile="smoke")
    found = SyntheticStore(made).get(next(iter(made.nodes)))
    assert found is not None
    files = {name: FileRecord(sha256="0" * 64, bytes=1) for name in ("metrics.json", "timing.json")}
    return found.model_copy(update={"files": files, "environment": HERE})


def other(name: str) -> Manifest:
    """The same run, with another content of one of its files."""
    files = {**run().files, name: FileRecord(sha256="1" * 64, bytes=1)}
    return run().model_copy(update={"files": files})


def provenance(folder: Path, **changes: Any) -> Path:
    path = folder / "table1.provenance.json"
    said = {"environment": HERE, "keys": {run().key: digest_of(run())}}
    path.write_text(json.dumps(said | changes))
    return path


def test_the_same_bits_are_no_finding(tmp_path: Path) -> None:
    assert other_bits(provenance(tmp_path), [run()]).keys == ()


def test_other_bits_are_found_and_the_clock_is_none(tmp_path: Path) -> None:
    path = provenance(tmp_path)
    assert other_bits(path, [other("metrics.json")]).keys == (run().key,)
    assert other_bits(path, [other("metrics.json")]).versions == ""
    assert other_bits(path, [other("timing.json")]).keys == ()


def test_versions_that_may_be_the_reason_are_named(tmp_path: Path) -> None:
    packages = {**ENVIRONMENT["packages"], "torch": "2.14.0"}
    path = provenance(tmp_path, environment={**HERE, "packages": packages})
    found = other_bits(path, [other("metrics.json")])
    assert (found.keys, found.versions) == ((run().key,), "torch 2.15.0 instead of 2.14.0")


@pytest.mark.parametrize("arithmetic", [None, {"model": "B"}])
def test_another_processor_may_round_otherwise(tmp_path: Path, arithmetic: Any) -> None:
    path = provenance(tmp_path, environment={**HERE, "arithmetic": arithmetic})
    assert other_bits(path, [other("metrics.json")]).keys == ()


def test_a_run_of_another_spec_and_an_older_file_say_nothing(tmp_path: Path) -> None:
    assert other_bits(provenance(tmp_path, keys={"f" * 64: "0"}), [run()]).keys == ()
    assert other_bits(provenance(tmp_path, keys=[run().key]), [run()]).keys == ()


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    path = provenance(tmp_path)
    path.write_text(text)
    with pytest.raises(HarnessError, match=r"table1\.provenance\.json"):
        other_bits(path, [run()])
