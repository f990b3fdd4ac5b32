"""What nodes ask for, and which machines have it."""

from __future__ import annotations

import math

import pytest

from harness.errors import HarnessError
from harness.execute.resources import (
    Demand,
    Machine,
    demand_of,
    fits,
    has_room,
    refuse_homeless,
    side_by_side,
    slots,
)
from harness.plan.footprint import Footprint

H100 = Machine("h", "h100", cpus=32, gpus=4, memory=256e9, gpu_mb=80_000.0, labels={"pool": "big"})
T4 = Machine("t", "t4", cpus=8, gpus=1, memory=32e9, gpu_mb=16_000.0, labels={"pool": "small"})
CPU = Machine("c", "cpu", cpus=64, memory=128e9, labels={})


def asked(
    footprint: Footprint = Footprint(),  # noqa: B008 - frozen
    *machines: Machine,
    cuda: bool = True,
    threads: int = 1,
    labels: dict[str, str] | None = None,
    processes: int = 1,
) -> Demand:
    return demand_of(
        footprint,
        cuda=cuda,
        threads=threads,
        labels=labels or {},
        machines=machines or (H100,),
        processes=processes,
    )


@pytest.mark.parametrize(
    ("gpu_mb", "machines", "share"),
    [
        (None, (H100,), 1.0),  # nothing measured: all of it
        (2_560.0, (H100,), 0.05),  # 1.25 * 2560 + 800 = 4000 = a twentieth
        (2_561.0, (H100,), 0.1),  # a little more: the next twentieth
        (31_360.0, (H100,), 0.5),  # 40,000: a half
        (31_400.0, (H100,), 1.0),  # more than a half: nothing else fits beside it
        (99_999.0, (H100,), 1.0),  # never more than there is
        (2_560.0, (H100, T4), 0.25),  # the smallest GPU decides: 4000 of 16,000
        (2_560.0, (H100, CPU), 0.05),  # a machine without a GPU does not
        (2_560.0, (Machine("x", "x", cpus=4, gpus=1),), 1.0),  # nobody knows how large it is
    ],
)
def test_a_gpu_is_shared_by_what_was_measured(
    gpu_mb: float | None, machines: tuple[Machine, ...], share: float
) -> None:
    assert asked(Footprint(None, gpu_mb), *machines).gpus == share


def test_a_training_in_several_processes_has_a_whole_gpu_for_each() -> None:
    small = Footprint(None, 2_560.0)
    found = asked(small, processes=4, threads=2)
    assert (found.gpus, found.cpus) == (4.0, 8)
    assert asked(small, processes=4, threads=0).cpus == 32  # all that its GPUs have
    found = asked(small, CPU, cuda=False, processes=4)
    assert (found.gpus, found.cpus) == (0.0, 4)
    assert not fits(asked(small, H100, processes=5), H100)


def test_a_pin_leaves_only_the_machines_that_carry_it() -> None:
    found = asked(Footprint(None, 2_560.0), H100, T4, labels={"pool": "big"})
    assert found.gpus == 0.05
    assert fits(found, H100)
    assert not fits(found, T4)
    assert not fits(found, CPU)


def test_memory_has_a_margin_and_never_more_than_the_largest_machine() -> None:
    assert asked(Footprint(4_000.0), CPU, cuda=False).memory == 5_000_000_000
    assert asked(Footprint(None), CPU, cuda=False).memory == 0
    assert asked(Footprint(120_000.0), CPU, T4, cuda=False).memory == 128e9


@pytest.mark.parametrize(
    ("threads", "cuda", "footprint", "cpus"),
    [
        (3, True, Footprint(), 3),  # what the spec says
        (0, True, Footprint(), 8),  # 32 CPUs for 4 GPUs
        (0, True, Footprint(None, 2_560.0), 1),  # a twentieth of that is less than one
        (0, True, Footprint(None, 31_360.0), 4),
        (0, False, Footprint(), 1),
    ],
)
def test_threads_are_those_of_the_spec_or_of_its_share(
    threads: int, cuda: bool, footprint: Footprint, cpus: int
) -> None:
    assert asked(footprint, H100, threads=threads, cuda=cuda).cpus == cpus


@pytest.mark.parametrize(
    ("demand", "machine", "count"),
    [
        (Demand(1), CPU, 64),
        (Demand(8), H100, 4),
        (Demand(1, 0.05), H100, 32),  # its CPUs end before 80 twentieths do
        (Demand(1, 0.15), T4, 6),
        (Demand(1, 1.0), CPU, 0),
        (Demand(1, memory=60_000_000_000), CPU, 2),
        (Demand(1, labels=(("pool", "big"),)), CPU, 0),
        (Demand(1, labels=(("pool", "big"),)), H100, 32),
    ],
)
def test_how_many_run_side_by_side(demand: Demand, machine: Machine, count: int) -> None:
    assert side_by_side(demand, machine) == count


def test_slots_are_counted_for_what_most_nodes_ask() -> None:
    assert slots([Demand(8, 1.0), Demand(8, 1.0), Demand(1)], [H100, T4, CPU]) == 5
    assert slots([], [H100]) == 1
    assert slots([Demand(1, 1.0)], [CPU]) == 1


def test_one_node_more_than_there_is_room_for_is_handed_over() -> None:
    two = Machine("a", "a", cpus=2)
    assert has_room([], [two])
    assert has_room([Demand(1)], [two])
    assert has_room([Demand(1), Demand(1)], [two])  # all busy: one may wait
    assert not has_room([Demand(1)] * 3, [two])  # it waits: no other
    assert not has_room([Demand(1, 0.7), Demand(1, 0.7)], [T4])
    assert has_room([Demand(1, 0.1)] * 3, [Machine("g", "g", cpus=8, gpus=0.3)])  # 0.1·3 > 0.3
    assert math.isinf(two.memory)


def test_what_fits_nowhere_is_said_before_anything_runs() -> None:
    refuse_homeless({"resnet": Demand(8, 1.0)}, [CPU, T4])
    with pytest.raises(HarnessError) as error:
        refuse_homeless({"resnet": Demand(8, 2.0), "vgg": Demand(64, 1.0)}, [CPU, T4])
    assert "what resnet asks for (8 CPUs, 2 GPU), and so do 1 other nodes" in str(error.value)
    assert "ray start" in error.value.hint
