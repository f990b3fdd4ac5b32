"""The reader of CIFAR's pickles: it reads what pickle writes and refuses what else it can do."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.data.batch_pickle import PickledArray, read_batch

PIXELS = np.arange(24, dtype=np.uint8).reshape(4, 6)


class Bomb:
    """Runs a command when it is unpickled."""

    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call, self.arguments


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("order", ["C", "F"])
def test_it_reads_what_numpy_and_pickle_write(protocol: int, order: Any) -> None:
    entry = {
        "data": np.asarray(PIXELS, order=order),
        "labels": [0, 255, 256, 70_000, -1],
        b"names": ["a", b"b\xff", "a"],
        "nothing": None,
        "flags": (True, False),
    }
    entry["names again"] = entry[b"names"]  # by reference
    read = read_batch(pickle.dumps(entry, protocol=protocol))
    assert isinstance(read["data"], PickledArray)
    assert (read["data"].pixels() == PIXELS).all()
    assert read["labels"] == [0, 255, 256, 70_000, -1]
    assert read["names"] == read["names again"] == ["a", "b\xff", "a"]
    assert read["nothing"] is None
    assert read["flags"] == (True, False)


def test_it_reads_what_python_2_wrote() -> None:
    """The words of the published files, byte for byte."""
    stream = (
        b"\x80\x02}q\x01(U\x06labelsq\x04]q\x05(K\x03K\x07eU\x04dataq\x06"
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\t"
        b"(K\x01K\x02K\x03\x86cnumpy\ndtype\nq\nU\x02u1K\x00K\x01\x87Rq\x0b"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x06\x00\x00\x00"
        b"\x00\x7f\x80\xff\x0a\x0dtbu."
    )
    read = read_batch(stream)
    assert read["labels"] == [3, 7]
    assert isinstance(read["data"], PickledArray)
    assert read["data"].pixels().tolist() == [[0, 127, 128], [255, 10, 13]]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("bomb", "name"),
    [
        (Bomb(os.system, "touch {}"), "system"),
        (Bomb(eval, "open('{}', 'w')"), "eval"),
        (Bomb(Path.touch, Path("{}")), "getattr|touch|Path"),
        (Bomb(getattr, np, "load"), "getattr"),
        (Bomb(np.load, "{}"), "load"),
    ],
)
def test_a_bomb_is_named_and_does_not_go_off(
    protocol: int, bomb: Bomb, name: str, tmp_path: Path
) -> None:
    mark = tmp_path / "gone off"
    bomb.arguments = tuple(
        type(a)(str(a).format(mark)) if isinstance(a, str | Path) else a for a in bomb.arguments
    )
    try:
        stream = pickle.dumps({"data": bomb}, protocol=protocol)
    except TypeError:  # a module cannot be pickled: written by hand
        stream = b"\x80\x02}U\x04datacbuiltins\ngetattr\n(tRs."
    with pytest.raises(ValueError, match=f"byte \\d+: names .*({name})"):
        read_batch(stream)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        (b"", "byte 0: pickle exhausted before seeing STOP"),
        (b"\x80\x02K\x01.", "holds a int, not a dictionary"),
        (b"\x80\x02}K\x01.", "near byte 5: leaves 2 values, not one"),
        (b"\x80\x02}q\x01h\x02.", "byte 5: recalls 2, which was not stored"),
        (b"\x80\x02}U\x01ae.", "never began"),
        (b"\x80\x02}K\x01K\x02s.", "a key is a int"),
        (b"\x80\x02]K\x01K\x02s.", "pairs for a dictionary meet a list"),
        (b"\x80\x02}K\x01a.", "items for a list meet a dict"),
        (b"\x80\x02\x86.", "a tuple is longer"),
        (b"\x80\x02}}b.", "a state for a dict"),
        (b"\x80\x02}(tR.", "a call of something that is not a name"),
        (b"\x80\x02cnumpy\nndarray\n(tR.", r"an unusual array type \(\)"),
        (b"\x80\x02cnumpy\ndtype\nU\x01O\x85R.", r"an unusual pixel type \('O',\)"),
        (b"\x80\x02c_codecs\nencode\nU\x01aU\x05rot13\x86R.", "an unusual bytes"),
        (b"\x80\x02P1\n.", "PERSID does not occur"),
        (b"\x80\x02}\x8d" + struct.pack("<Q", 2**62), "near byte 2: expected .* bytes"),
        (b"\x80\x02}r\xff\xff\xff\x7f0.", "POP does not occur"),
    ],
)
def test_what_no_batch_contains_is_refused_with_its_place(stream: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_batch(stream)


def test_a_stream_that_ends_early_is_refused_wherever_it_ends() -> None:
    whole = pickle.dumps({"data": PIXELS, "labels": [1, 2]}, protocol=2)
    for length in range(len(whole)):
        with pytest.raises(ValueError, match="byte"):
            read_batch(whole[:length])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_stream_is_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    stream = bytearray(pickle.dumps({"data": PIXELS, "labels": [1, 2]}, protocol=2))
    for place in data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=4)):
        stream[place] = data.draw(st.integers(0, 255))
    try:
        read = read_batch(bytes(stream)).get("data")
        if isinstance(read, PickledArray):
            read.pixels()
    except ValueError as refusal:
        assert str(refusal)


@pytest.mark.parametrize(
    "array", [PIXELS.astype(np.int64), PIXELS.astype("O"), np.zeros(3, dtype=[("a", "u1")])]
)
def test_arrays_of_other_types_are_refused(array: Any) -> None:
    with pytest.raises(ValueError, match="byte"):
        read_batch(pickle.dumps({"data": array}, protocol=2))


def test_an_array_whose_size_is_not_that_of_its_bytes_is_refused() -> None:
    stream = pickle.dumps({"data": PIXELS}, protocol=2).replace(
        b"K\x04K\x06\x86", b"K\x09K\x06\x86"
    )
    data = read_batch(stream)["data"]
    assert isinstance(data, PickledArray)
    with pytest.raises(ValueError, match="cannot reshape"):
        data.pixels()
    with pytest.raises(ValueError, match="not one of uint8 pixels"):
        PickledArray().pixels()
