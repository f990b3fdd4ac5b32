"""Several processes train the network that one would: the same gradients, statistics, accuracy."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from harness.engine.training.ranks import ALONE, Ranks
from harness.errors import HarnessError
from tests.engine.training.in_ranks import Found, Job, in_ranks, step, whole

pytestmark = pytest.mark.skipif(
    not torch.distributed.is_available(), reason="torch was built without torch.distributed"
)
STEPS: dict[str, tuple[dict[str, Any], float]] = {  # what is trained, and how far it may be off
    "relu, float64": ({"neuron": "relu", "exact": True}, 1e-12),
    "lif, float64": ({"neuron": "lif", "exact": True}, 1e-12),
    "relu": ({"neuron": "relu", "exact": False}, 1e-5),
    "lif": ({"neuron": "lif", "exact": False}, 1e-5),
    "lif, checkpointed": ({"neuron": "lif", "exact": False, "checkpointed": True}, 1e-5),
}
STATISTICS = ("synchronised", "local")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Found]]:
    """What two processes found, by name of the job."""
    folder = tmp_path_factory.mktemp("ranks")
    jobs: dict[str, Job] = {name: ("step", choice) for name, (choice, _) in STEPS.items()}
    jobs["local"] = ("step", {"neuron": "relu", "exact": True, "statistics": "local"})
    for statistics in STATISTICS:
        kept = {"statistics": statistics, "checkpoint": str(folder / f"{statistics}.safetensors")}
        jobs[f"{statistics} undisturbed"] = ("whole", {"statistics": statistics})
        jobs[f"{statistics} stopped"] = ("stopped", {"after": 1, **kept})
        jobs[f"{statistics} resumed"] = ("whole", kept)
    return dict(zip(jobs, in_ranks(folder, 2, list(jobs.values())), strict=True))


def furthest(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The largest difference, in units of the largest number of its tensor."""
    assert one.keys() == other.keys()
    return max(
        float((one[name] - other[name]).abs().max() / other[name].abs().max().clamp(min=1e-30))
        for name in one
    )


@pytest.mark.parametrize("name", STEPS)
def test_two_processes_have_the_gradient_of_one(both: dict[str, list[Found]], name: str) -> None:
    choice, limit = STEPS[name]
    alone = step(ALONE, **choice)
    for found in both[name]:
        assert furthest(found["gradient"], alone["gradient"]) <= limit
        running = {name: one.double() for name, one in found["running"].items()}
        assert furthest(running, alone["running"]) <= limit
        assert found["loss"].item() == pytest.approx(alone["loss"].item(), rel=1e-6)
        assert found["right"] == alone["right"]
    first, second = both[name]
    assert furthest(first["gradient"], second["gradient"]) == 0.0


def test_local_statistics_are_those_of_each_part(both: dict[str, list[Found]]) -> None:
    alone = step(ALONE, neuron="relu", exact=True)
    first, second = both["local"]
    assert furthest(first["gradient"], alone["gradient"]) > 1e-3
    assert furthest(first["gradient"], second["gradient"]) == 0.0  # averaged all the same
    assert furthest(first["running"], second["running"]) > 1e-3


@pytest.mark.parametrize("statistics", STATISTICS)
def test_all_processes_have_the_same_history_and_the_first_alone_tells(
    both: dict[str, list[Found]], statistics: str
) -> None:
    first, second = both[f"{statistics} undisturbed"]
    assert first["rows"] == second["rows"]
    assert (first["told"], second["told"]) == ([0, 1, 2], [])
    assert all(torch.equal(one, second["weights"][name]) for name, one in first["weights"].items())


def test_with_shared_statistics_the_history_is_that_of_one_process(
    both: dict[str, list[Found]],
) -> None:
    """Up to rounding, which may turn an image or two of 72 and of 24."""
    for found, expected in zip(
        both["synchronised undisturbed"][0]["rows"], whole(ALONE)["rows"], strict=True
    ):
        assert found[0] == pytest.approx(expected[0], rel=1e-3)
        assert found[1] == pytest.approx(expected[1], abs=200 / 72)
        assert found[2] == pytest.approx(expected[2], abs=200 / 24)


@pytest.mark.parametrize("statistics", STATISTICS)
def test_interrupted_is_undisturbed_bitwise(both: dict[str, list[Found]], statistics: str) -> None:
    undisturbed = both[f"{statistics} undisturbed"][0]
    for found in both[f"{statistics} resumed"]:
        assert found["resumed"] == 1
        assert found["rows"] == undisturbed["rows"]
        for name, weights in found["weights"].items():
            assert torch.equal(weights, undisturbed["weights"][name]), name


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
