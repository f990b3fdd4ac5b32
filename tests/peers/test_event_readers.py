"""Same bytes, same events: SpikingJelly's and tonic's readers, where they agree with the formats.

Run by `nox -s peers`; the libraries are no dependencies of the test session. Neither of the two
knows a clock that starts over, SpikingJelly knows no overflow of the ATIS's clock, and tonic 1.7's
reader of AEDAT 2.0 fails on every file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.events import SPIKINGJELLY, TONIC, aedat2_peers, atis_peers
from harness.engine.data.events.formats import read_aedat2, read_atis, upright
from harness.engine.data.events.recording import Events
from tests.engine.data.events.made import Rows, aedat2_bytes, atis_bytes

CORNERS: Rows = [(0, 0, 0, 0), (127, 0, 5, 1), (0, 127, 5, 0), (127, 127, 9, 1)]


def scattered(width: int, height: int) -> Rows:
    """Each column, row and polarity in many combinations, in order of time."""
    draw = np.random.default_rng(0)
    columns = (draw.integers(0, most, 3000) for most in (width, height, 2))
    x, y, p = (column.tolist() for column in columns)
    return list(zip(x, y, range(0, 9000, 3), p, strict=True))


def require_equal(ours: Events, theirs: object) -> None:
    for name in "xytp":
        assert np.array_equal(ours[name], theirs[name]), name  # type: ignore[index]


@pytest.mark.parametrize("peer", [SPIKINGJELLY, TONIC])
def test_atis_events_are_theirs(tmp_path: Path, peer: str) -> None:
    read = atis_peers().get(peer)
    if read is None:
        pytest.skip(f"NOT TESTED: {peer} is not installed")
    file = tmp_path / "image_0001.bin"
    for rows in (CORNERS, scattered(256, 240)):
        file.write_bytes(atis_bytes(rows))
        require_equal(read_atis(file), read(file))
    if peer == TONIC:
        file.write_bytes(atis_bytes([(1, 1, 7, 1), (0, 240, 0, 0), (2, 2, 9, 1)]))
        require_equal(read_atis(file), read(file))


def test_aedat2_events_stand_as_theirs(tmp_path: Path) -> None:
    """Columns, rows and polarity, after the turn that SpikingJelly applies to CIFAR10-DVS."""
    read = aedat2_peers().get(SPIKINGJELLY)
    if read is None:
        pytest.skip("NOT TESTED: SpikingJelly is not installed")
    file = tmp_path / "cifar10_cat_0.aedat"
    for rows in (CORNERS, scattered(128, 128)):
        file.write_bytes(aedat2_bytes(rows))
        require_equal(upright(read_aedat2(file)), read(file))
