"""Checksums of a set's files, asked for without loading torch or numpy."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from harness.engine.data.checksums import algorithm_of, checksum_of, file_checksums, layout
from harness.errors import HarnessError
from tests.engine.data.small_cifar import SmallCifar


def test_each_file_present_has_its_sha256_in_the_sets_order(small_cifar: SmallCifar) -> None:
    (small_cifar.folder / "data_batch_2").unlink()
    (small_cifar.folder / "something else").write_text("not of the set")
    found = file_checksums("cifar10", small_cifar.data_dir)
    assert list(found) == [name for name in layout("cifar10").files if name != "data_batch_2"]
    content = (small_cifar.folder / "test_batch").read_bytes()
    assert found["test_batch"] == "sha256:" + hashlib.sha256(content).hexdigest()


def test_an_empty_data_directory_has_none(tmp_path: Path) -> None:
    assert file_checksums("cifar100", tmp_path) == {}


def test_known_sums(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert checksum_of(tmp_path / "abc", "md5") == "md5:900150983cd24fb0d6963f7d28e17f72"
    assert checksum_of(tmp_path / "abc", "sha256").startswith("sha256:ba7816bf8f01cfea")


def test_neither_torch_nor_numpy_is_loaded() -> None:
    program = (
        "import sys, harness.engine.data.checksums;"
        "print([name for name in ('torch', 'numpy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_an_unknown_set_lists_the_known_ones() -> None:
    with pytest.raises(HarnessError, match="known: cifar10, cifar100"):
        layout("cifar11")


@pytest.mark.parametrize(
    "checksum", ["", "md5:", "md5:" + "0" * 31, "md5:" + "G" * 32, "sha1:" + "0" * 40, "0" * 64]
)
def test_what_is_no_checksum_is_refused(checksum: str) -> None:
    with pytest.raises(HarnessError, match="is no checksum"):
        algorithm_of(checksum, "here")


def test_the_algorithm_of_a_checksum() -> None:
    assert algorithm_of("md5:" + "0" * 32, "here") == "md5"
    assert algorithm_of("sha256:" + "0" * 64, "here") == "sha256"
