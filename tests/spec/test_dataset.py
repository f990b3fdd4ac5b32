"""Data sets of recordings as specs: what is a field, and what pins them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from harness.parts.embedded import Saccades
from harness.parts.recordings import Recordings
from tests.synthetic import library

BLOCKS = library().blocks.dataset.blocks


@pytest.mark.parametrize("name", ["cifar10-dvs", "n-caltech101"])
def test_the_split_is_a_field_and_every_archive_is_pinned(name: str) -> None:
    block = BLOCKS[name]
    assert isinstance(block, Recordings)
    assert block.split in ("last", "random")
    assert all(archive.checksum.startswith("md5:") for archive in block.archives)
    assert any(one.setting == "dataset.split" for one in block.deviations)


def test_the_ten_archives_of_cifar10_dvs_are_its_ten_classes() -> None:
    block = BLOCKS["cifar10-dvs"]
    assert isinstance(block, Recordings)
    names = [archive.folder for archive in block.archives]
    assert names == sorted(set(names))
    assert len(names) == block.classes
    assert [archive.target for archive in block.archives] == [f"CIFAR10DVS/{one}" for one in names]


@pytest.mark.parametrize("target", ["../out", "/abs", "a/../b", "a/b/c", ""])
def test_an_archive_cannot_be_unpacked_elsewhere(target: str) -> None:
    block = BLOCKS["n-caltech101"]
    said: dict[str, Any] = block.model_dump(mode="json")
    said["archives"][0]["target"] = target
    with pytest.raises(ValidationError, match="target"):
        Recordings.model_validate(said, strict=False)


def test_the_simulated_sets_differ_in_their_sensor() -> None:
    coarse, fine = BLOCKS["digit-events"], BLOCKS["digit-events-fine"]
    assert isinstance(coarse, Saccades)
    assert isinstance(fine, Saccades)
    assert (coarse.picture, fine.picture) == (8, 16)
    assert coarse.size == fine.size == 8
