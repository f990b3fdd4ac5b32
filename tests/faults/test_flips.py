"""A bit flipped in each of 100 artefacts, one after the other: verify names each, and neither a run
nor a report uses any.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.execute.events import Event, Failed
from harness.execute.job import Job, run_job
from harness.frames.recorded import recorded
from harness.plan.expand import PlannedExhibit
from harness.store.store import Store
from harness.store.verify import verify
from tests.faults.tiny import jobs, planned

SEEDS = 10
ARTEFACTS = 2 * SEEDS * 5  # of an ANN and an SNN: manifest, numbers, times, weights and log
SEEDS_TYPED = f"seed={','.join(map(str, range(SEEDS)))}"


def run(job: Job) -> Event:
    told: list[Event] = []
    run_job(job, told.append)
    return told[-1]


def report(exhibit: PlannedExhibit, store: Store) -> Mapping[str, Mapping[str, Any]]:
    """What a report reads of the trainings."""
    return recorded(exhibit, store, {}).contents


@pytest.mark.faults
def test_a_bit_flipped_in_each_of_100_artefacts(tmp_path: Path) -> None:
    work, store = jobs(tmp_path, "fig2", SEEDS_TYPED), Store(tmp_path / "store")
    trainings, measures = (
        [job for job in work if (job.node.kind == "train") is wanted] for wanted in (True, False)
    )
    for job in trainings:
        assert not isinstance(run(job), Failed)
    (exhibit,) = planned("table1", SEEDS_TYPED).exhibits
    sound, dice = report(exhibit, store), random.Random(20230404)
    assert len(sound) == 2 * SEEDS
    paths = sorted(path for path in (tmp_path / "store/nodes").rglob("*") if path.is_file())
    assert len(paths) == ARTEFACTS
    detected = 0
    for path in paths:
        key, content = path.parent.name, path.read_bytes()
        place = dice.randrange(len(content))
        flipped = content[:place] + bytes([content[place] ^ 1 << dice.randrange(8)])
        path.write_bytes(flipped + content[place + 1 :])
        (fault,) = (one for one in verify(store) if not one.is_information)
        detected += fault.place == path and fault.key == key
        read = report(exhibit, store)
        assert all(read[one] == sound[one] for one in read)
        assert (key in read) is (path.name not in ("metrics.json", "manifest.json"))
        (needing,) = (job for job in measures if key in job.node.inputs.values())
        ended = run(needing)
        assert isinstance(ended, Failed)
        assert "not in the store" in ended.problem or path.name in ended.problem
        path.write_bytes(content)
    assert detected == ARTEFACTS
    assert [one for one in verify(store) if not one.is_information] == []
    assert not isinstance(run(measures[0]), Failed)  # sound again, it would have run
