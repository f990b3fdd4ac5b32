"""Runs that take a second: an ANN, an SNN and their CKA, on a few pictures for a few epochs."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.engine.data.embedded import digits_on_photos
from harness.execute.job import Job
from harness.plan.expand import Plan
from tests.synthetic import library, plan

EPOCHS, STEPS = 3, 2  # of each training; steps of an epoch
SAME = ("metrics.json", "network.safetensors", "cka.json", "cka.safetensors")
"""What must not depend on the clock, as timing.json and the log do."""

_IMAGES, _TESTING = 96, 48
_PICTURE = ("size", "brightness", "jitter", "rotation", "scale", "distractor", "images_per_digit")


@lru_cache(maxsize=1)
def overrides() -> tuple[str, ...]:
    """What is typed to make the exhibits so small."""
    spec: Any = library().blocks.dataset["digits"]
    how = {name: getattr(spec, name) for name in _PICTURE}
    images = digits_on_photos(**how, train_images=_IMAGES, test_images=_TESTING)
    return (
        "depth=8",
        "network.depth=8",  # of the grid that varies the width
        "width=1",
        "network.base_width=2",
        f"recipe.epochs={EPOCHS}",
        f"recipe.batch={_IMAGES // STEPS}",
        f"dataset.train_images={_IMAGES}",
        f"dataset.test_images={_TESTING}",
        f"dataset.sha256={images.sha256}",
    )


def planned(exhibit: str = "fig2", *more: str) -> Plan:
    """The plan of an exhibit, as small."""
    measured = ("cka.images=32", "cka.batch=16") if exhibit.startswith("fig") else ()
    return plan(exhibit, profile="smoke", overrides=(*overrides(), *measured, *more))


def three(folder: Path) -> list[Job]:
    """An ANN, an SNN and their CKA."""
    found = jobs(folder, "fig2")
    measure = next(job for job in found if job.node.kind == "cka")
    return [*(job for job in found if job.node.key in measure.node.inputs.values()), measure]


def jobs(folder: Path, exhibit: str = "fig2", *more: str) -> list[Job]:
    """What a worker would get, in the order in which one worker would get it; the store is
    `folder`/store.
    """
    return [
        Job(node, folder / "store", folder / "data", 1, {}, {"harness": "test"})
        for node in planned(exhibit, *more).nodes.values()
    ]
