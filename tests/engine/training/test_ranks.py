"""Several processes train the network that one would: the same gradients, statistics, accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from harness.engine.training.ranks import ALONE, Ranks
from harness.errors import HarnessError
from tests.engine.training.in_ranks import in_ranks, step, whole

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="torch was built without torch.distributed"
)


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The largest difference, in units of the largest number of its tensor."""
    assert one.keys() == other.keys()
    return max(
        float((one[name] - other[name]).abs().max() / other[name].abs().max().clamp(min=1e-30))
        for name in one
    )


@pytest.mark.parametrize(
    ("choice", "limit"),
    [
        ({"neuron": "relu", "exact": True}, 1e-12),
        ({"neuron": "lif", "exact": True}, 1e-12),
        ({"neuron": "relu", "exact": False}, 1e-5),
        ({"neuron": "lif", "exact": False}, 1e-5),
        ({"neuron": "lif", "exact": False, "checkpointed": True}, 1e-5),
    ],
    ids=str,
)
def test_two_processes_have_the_gradient_of_one(
    tmp_path: Path, choice: dict[str, Any], limit: float
) -> None:
    """A batch of 15: the parts are of 8 and 7 images and must not count the same."""
    alone = step(ALONE, **choice)
    both = in_ranks(tmp_path / "ranks", 2, "step", **choice)
    for found in both:
        assert furthest(found["gradient"], alone["gradient"]) <= limit
        running = {name: one.double() for name, one in found["running"].items()}
        assert furthest(running, alone["running"]) <= limit
        assert found["loss"].item() == pytest.approx(alone["loss"].item(), rel=1e-6)
        assert found["right"] == alone["right"]
    assert furthest(both[0]["gradient"], both[1]["gradient"]) == 0.0


def test_local_statistics_are_those_of_each_part(tmp_path: Path) -> None:
    choice = {"neuron": "relu", "exact": True}
    alone = step(ALONE, **choice)
    first, second = in_ranks(tmp_path / "ranks", 2, "step", statistics="local", **choice)
    assert furthest(first["gradient"], alone["gradient"]) > 1e-3
    assert furthest(first["gradient"], second["gradient"]) == 0.0  # averaged all the same
    assert furthest(first["running"], second["running"]) > 1e-3


@pytest.mark.parametrize("statistics", ["synchronised", "local"])
def test_a_training_is_one_training_and_resumes_bitwise(tmp_path: Path, statistics: str) -> None:
    undisturbed = in_ranks(tmp_path / "a", 2, "whole", statistics=statistics)
    first, second = undisturbed
    assert first["rows"] == second["rows"]
    assert all(torch.equal(one, second["weights"][name]) for name, one in first["weights"].items())
    assert (first["told"], second["told"]) == ([0, 1, 2], [])
    alone = whole(ALONE)
    for found, expected in zip(first["rows"], alone["rows"], strict=True):
        if statistics == "synchronised":
            assert found == pytest.approx(expected, rel=1e-3, abs=100 / 72 + 1e-9)
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    # stopped in its second epoch: what it does is what a process that is killed leaves behind
    stopped = {"statistics": statistics, "folder": str(folder)}
    in_ranks(tmp_path / "b", 2, "stopped", after=1, **stopped)
    resumed = in_ranks(tmp_path / "c", 2, "whole", **stopped)
    assert resumed[0]["resumed"] == 1
    assert resumed[0]["rows"] == first["rows"]
    for found in resumed:
        assert all(torch.equal(t, first["weights"][name]) for name, t in found["weights"].items())


@pytest.mark.parametrize(
    ("ranks", "images", "batch", "micro", "said"),
    [
        (Ranks(0, 4), 72, 16, 0, None),
        (Ranks(0, 16), 72, 16, 0, "16 processes, but a batch of 8 images"),
        (Ranks(0, 3), 2, 16, 0, "3 processes, but a batch of 2 images"),
        (Ranks(0, 2), 72, 16, 4, "split a batch already"),
        (ALONE, 72, 16, 4, None),
    ],
)
def test_a_batch_must_have_a_part_for_each_process(
    ranks: Ranks, images: int, batch: int, micro: int, said: str | None
) -> None:
    if said is None:
        ranks.require_parts(images, batch, micro)
        return
    with pytest.raises(HarnessError, match=said):
        ranks.require_parts(images, batch, micro)


def test_parts_make_up_the_batch() -> None:
    batch = torch.arange(15)
    parts = [Ranks(rank, 4).part(batch) for rank in range(4)]
    assert torch.equal(torch.cat(parts), batch)
    assert sorted(map(len, parts)) == [3, 4, 4, 4]
