"""kill -9 at random points of real runs, at every epoch and in the middle of one: no node or a
whole one, and what the next run makes of it is the undisturbed result, bit for bit.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.faults.programs import outcomes
from tests.faults.tiny import EPOCHS, STEPS

PROGRAM = Path(__file__).with_name("killed.py")
DICE = random.Random(20230403)
POINTS = [
    f"{kind}:{DICE.random():.4f}"
    for kind, many in (("publish", 20), ("step", 15), ("time", 15))
    for _ in range(many)
]
BATCHES = EPOCHS * STEPS
EVERY = [
    *(f"epoch:{run}:{epoch}" for run in (0, 1) for epoch in range(1, EPOCHS + 1)),
    *(f"batch:{run}:{batch}" for run in (0, 1) for batch in range(1, BATCHES + 1)),
]
FEW = ["publish:0.5", "time:0.6", f"batch:1:{STEPS + 2}"]


def require_undisturbed(calm: dict[str, Any], struck: list[dict[str, Any]]) -> None:
    assert len(calm["contents"]) == 3
    assert len(calm["publish"]) > 30
    for one in struck:
        assert one["code"] == -9 or one["point"].startswith("time:"), one  # may come too late
        assert one["after"]["faults"] == [], one
        for key, files in one["after"]["contents"].items():
            assert files == calm["contents"][key], one
        assert one["finished"] == 0, one
        assert one["contents"] == calm["contents"], one
        assert one["remarks"] == 0, one  # nothing is left over either


def test_a_few_points_in_every_run_of_the_tests(tmp_path: Path) -> None:
    require_undisturbed(*outcomes(PROGRAM, tmp_path, FEW))


@pytest.mark.faults
@pytest.mark.timeout(0)  # `outcomes` ends what is silent
def test_50_random_points_20_of_them_inside_publish(tmp_path: Path) -> None:
    calm, struck = outcomes(PROGRAM, tmp_path, POINTS)
    require_undisturbed(calm, struck)
    assert sum(one["code"] == -9 for one in struck) >= 45
    stored = {len(one["after"]["contents"]) for one in struck}
    assert stored == {0, 1, 2, 3}  # in the middle of each run, and after the last


@pytest.mark.faults
@pytest.mark.timeout(0)  # `outcomes` ends what is silent
def test_every_epoch_and_every_batch(tmp_path: Path) -> None:
    require_undisturbed(*outcomes(PROGRAM, tmp_path, EVERY))
