"""Runs on the golden values' class of processor give their bits again, or it is said."""

from __future__ import annotations

from typing import Any

import pytest

from harness.check.bits import Repeat, digest_of, repeated
from harness.store.manifest import FileRecord, Manifest
from tests.synthetic import ENVIRONMENT, SyntheticStore, plan

HERE = {**ENVIRONMENT, "arithmetic": {"model": "A"}}
PLANNED = plan("table1", profile="smoke").exhibits[0]
NOT_KEPT = "bits are not compared: golden values keep no digests of their runs"


def run() -> Manifest:
    found = SyntheticStore(plan("table1", profile="smoke")).get(PLANNED.points[0].key)
    assert found is not None
    files = {name: FileRecord(sha256="0" * 64, bytes=1) for name in ("metrics.json", "timing.json")}
    return found.model_copy(update={"files": files, "environment": HERE})


def other(name: str) -> Manifest:
    """The same run, with another content of one of its files."""
    files = {**run().files, name: FileRecord(sha256="1" * 64, bytes=1)}
    return run().model_copy(update={"files": files})


def beside(manifest: Manifest, seeds: tuple[int, ...] = (), **changes: Any) -> Repeat:
    """A run beside golden values that rest on `run()`."""
    said = {"environment": HERE, "keys": {run().key: digest_of(run())}}
    return repeated(PLANNED, [manifest], said | changes, seeds)


def test_the_same_bits_are_no_finding() -> None:
    assert beside(run()) == Repeat(exactly=True)


def test_other_bits_are_found_and_the_clock_is_none() -> None:
    assert beside(other("metrics.json")) == Repeat(exactly=True, other=(run().key,))
    assert beside(other("timing.json")).other == ()


def test_a_file_that_is_left_since_then_is_no_finding() -> None:
    assert beside(other("errors.safetensors")).other == ()
    assert beside(other("cka.safetensors")).other == (run().key,)


def test_versions_that_may_be_the_reason_are_named() -> None:
    packages = {**ENVIRONMENT["packages"], "torch": "2.14.0"}
    found = beside(other("metrics.json"), environment={**HERE, "packages": packages})
    assert (found.exactly, found.other) == (False, ())
    assert found.notes == (
        "other bits on the same class of processor, torch 2.15.0 instead of 2.14.0: 1 of 1 runs",
    )


@pytest.mark.parametrize("arithmetic", [None, {"model": "B"}])
def test_another_processor_may_round_otherwise(arithmetic: Any) -> None:
    found = beside(other("metrics.json"), environment={**HERE, "arithmetic": arithmetic})
    assert found == Repeat()


def test_what_was_not_kept_is_told_and_not_taken_for_equal() -> None:
    unknown = "18 of 18 runs have other keys than the golden ones: their bits are not compared"
    found = beside(run(), seeds=(0,), keys={"f" * 64: "0"})
    assert (found.other, found.notes) == ((), (unknown,))
    every = {point.key: "0" for point in PLANNED.points}
    assert beside(run(), seeds=(1,), keys=every).notes == ()  # not of the seeds that run here
    assert beside(run(), seeds=(0,), keys=list(every)).notes == (NOT_KEPT,)
    assert beside(run(), seeds=(0,), keys=[]).notes == (NOT_KEPT, unknown)
