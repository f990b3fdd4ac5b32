"""Small files that want to be large, long or deep: refused in the time that reading takes."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import resource
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from harness.engine.data import archive, batch_pickle
from harness.engine.data.archive import unpack
from harness.engine.data.batch_pickle import read_batch
from harness.engine.data.checksums import LAYOUTS, checksum_of
from harness.engine.networks import read_convolutions
from harness.errors import HarnessError
from harness.spec.document import LARGEST, parse_document, read_document
from harness.spec.overrides import parse_override
from tests.conftest import ROOT

FILES = LAYOUTS["cifar10"]
QUICK_S = 60.0  # generous: each takes a fraction of a second, and without a bound minutes to ever


WIDE = b"q\x00h\x00\x86"  # x → (x, x), by reference: 2**levels leaves in five bytes a level
DEEP = b"\x85"  # x → (x,)
ENCODE = b"c_codecs\nencode\nh\x01U\x06latin1\x86R"


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b"}U\x01acnumpy\ndtype\nN\x85" + 60 * WIDE + b"\x85Rs.", r"unusual pixel type \(tuple"),
        (b"}U\x01acnumpy\ndtype\nN" + 500_000 * DEEP + b"\x85Rs.", r"unusual pixel type \(tuple"),
        (b"}" * (batch_pickle.MOST_WORDS + 5) + b".", "more than 2,000,000 words"),
        (b"}X\x10\x27\x00\x00" + b"b" * 10_000 + b"q\x01" + 50 * ENCODE + b".", "over and over"),
    ],
    ids=["wide", "deep", "long", "the same bytes over and over"],
)
def test_a_pickle_that_is_larger_than_it_looks_is_refused(stream: bytes, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=said):
        read_batch(b"\x80\x02" + stream)
    assert time.monotonic() - began < QUICK_S


def a_tar(path: Path, header: Callable[[tarfile.TarInfo], bytes], content: int) -> None:
    """A tar.gz of one member whose header is followed by so many zeros."""
    with gzip.open(path, "wb", compresslevel=9) as out:
        info = tarfile.TarInfo(f"{FILES.folder}/test_batch")
        out.write(header(info))
        for _ in range(content >> 20):
            out.write(bytes(1 << 20))


def long_name(info: tarfile.TarInfo) -> bytes:
    """A name that is said to be a gigabyte long."""
    info.type, info.size, info.name = tarfile.GNUTYPE_LONGNAME, 1 << 30, "././@LongLink"
    return info.tobuf(tarfile.GNU_FORMAT)


def comments(info: tarfile.TarInfo) -> bytes:
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    return info.tobuf(tarfile.USTAR_FORMAT)


def negative(info: tarfile.TarInfo) -> bytes:
    """CVE-2025-8194: a size below zero sends readers round for ever."""
    info.size = -1024
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("header", [long_name, comments, negative])
def test_a_header_of_an_archive_is_not_believed(
    tmp_path: Path, header: Callable[[tarfile.TarInfo], bytes]
) -> None:
    path = tmp_path / FILES.archive
    a_tar(path, header, 64 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(HarnessError, match=r"not a whole .tar.gz|of -1,024 bytes|lacks"):
        unpack(path, FILES)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kB
    assert [one.name for one in tmp_path.iterdir() if one.name[0] != "."] == [FILES.archive]


def test_an_archive_that_unpacks_to_too_much_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_WHOLE", 100_000)
    path = tmp_path / FILES.archive
    with tarfile.open(path, "w:gz") as tar:
        for number in range(50):
            info = tarfile.TarInfo(f"{FILES.folder}/{number}")
            info.size = 10_000
            tar.addfile(info, io.BytesIO(bytes(10_000)))
    with pytest.raises(HarnessError, match="unpacks to more than 100,000 bytes"):
        unpack(path, FILES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (".".join("a" * 5_000) + " = 1", "more than 32 parts"),
        ("[" + " . ".join("a" * 5_000) + "]", "more than 32 parts"),
        ("a = " + "[" * 200_000, "nested too deeply"),
        ("a = " + "[" * 40 + "]" * 40, "nested more than 32 levels"),
        ("a = " + "{b = " * 100_000, "nested too deeply"),
        ("[a]\nb.c = 1\n" + "".join(f"[{'a.' * n}a]\n" for n in range(1, 30)), ""),
        ("a = " + "9" * 900_000, "not TOML"),
        ("a = 0x" + "f" * 900_000, "does not fit into 64 bits"),
        ("a = 1e999999", "must be a finite number"),
    ],
    ids=[
        "key",
        "table",
        "list",
        "list that is closed",
        "tables",
        "levels",
        "digits",
        "hex",
        "float",
    ],
)
def test_a_text_that_costs_a_reader_more_than_its_length(text: str, said: str) -> None:
    began = time.monotonic()
    try:
        parse_document(Path("it.toml"), "it.toml", text)
    except HarnessError as error:
        assert said and said in str(error)
    else:
        assert not said
    assert time.monotonic() - began < QUICK_S


def test_a_spec_that_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    with (tmp_path / "large.toml").open("wb") as file:
        file.truncate(1 << 40)  # sparse: it takes no room
    for name, said in (
        ("pipe", "is no file"),
        ("folder", "Is a directory"),
        ("large", f"{LARGEST:,}"),
    ):
        with pytest.raises(HarnessError, match=said):
            read_document(tmp_path / f"{name}.toml", name)


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 10_000, "{a=" * 50_000, "\x00\x1b"])
def test_what_is_typed_may_be_anything(text: str) -> None:
    assert parse_override(f"depth={text}").name == "depth"


def test_weights_from_a_pipe_are_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "weights")
    with pytest.raises(HarnessError, match="is no file"):
        read_convolutions(tmp_path / "weights")
    with pytest.raises(OSError, match="is no file"):
        checksum_of(tmp_path / "weights", "md5")


@pytest.mark.parametrize(
    "write", [torch.save, lambda made, path: path.write_bytes(pickle.dumps(made))]
)
def test_weights_that_nest_without_end(tmp_path: Path, write: Callable[..., object]) -> None:
    made: list[object] = []
    for _ in range(200):
        made = [made, made]
    write({"features.0.weight": made}, tmp_path / "weights")
    with pytest.raises(HarnessError, match=r"no weights by name|no file of weights"):
        read_convolutions(tmp_path / "weights")


GRID = """
[[grid]]
neuron = ["relu"]
depth  = [{depths}]
seed   = [{seeds}]
"""


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"depths": 1, "seeds": 100_000}, "a grid of 100,000 points; at most 10,000"),
        ({"depths": 400, "seeds": 250}, "a grid of 100,000 points; at most 10,000"),
    ],
)
def test_a_grid_of_1e5_nodes_is_refused_at_once(
    project: Path, grid: dict[str, int], said: str
) -> None:
    numbers = {
        "depths": ",".join(str(6 * n + 2) for n in range(1, grid["depths"] + 1)),
        "seeds": ",".join(map(str, range(grid["seeds"]))),
    }
    assert said in plan(project, GRID.format(**numbers))


def test_many_small_grids_are_counted_together(project: Path) -> None:
    some = ",".join(map(str, range(2_000)))
    grids = "".join(GRID.format(depths=6 * n + 2, seeds=some) for n in range(1, 11))
    assert "over all grids and measures; at most 10,000" in plan(project, grids)


def test_seeds_of_a_profile_are_counted_too(project: Path) -> None:
    smoke = project / "specs/profiles/smoke.toml"
    text = smoke.read_text()
    assert "seeds  = [0]" in text
    smoke.write_text(text.replace("seeds  = [0]", f"seeds  = {list(range(3_000))}"))
    assert "points with the seeds of profile smoke – at most 10,000" in plan(project, "")


def plan(project: Path, grids: str) -> str:
    """What `harness plan table1` says where these grids are added to it; it must not take long."""
    spec = project / "specs/paper/table1.toml"
    spec.write_text(spec.read_text() + grids)
    command = [sys.executable, "-m", "harness", "plan", "table1", f"--project={project}"]
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert time.monotonic() - began < QUICK_S
    assert (done.returncode, done.stdout) == (2, ""), done
    assert len(done.stderr) < 2_000
    return done.stderr


def test_a_zip_with_a_nameless_member(tmp_path: Path) -> None:
    from harness.engine.data.archive import unzip

    with zipfile.ZipFile(tmp_path / "it.zip", "w") as out:
        out.writestr("cat/0.bin", b"x")
        out.writestr(zipfile.ZipInfo(""), b"x")
    with pytest.raises(HarnessError, match="no name of a recording"):
        unzip(tmp_path / "it.zip", tmp_path / "cat", folder="cat", suffix=".bin", max_bytes=100)
