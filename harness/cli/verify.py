"""`harness verify`: is every stored byte the one published, and would a run give it again?"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.cli.options import DataFolder, Json, Spoken, Stored, number
from harness.errors import ExitCode, HarnessError, visible
from harness.layout import Layout, named, study_path
from harness.terminal.output import Voice, console, print_json
from harness.words import counted

if TYPE_CHECKING:
    from harness.plan.node import Node
    from harness.store.manifest import Manifest
    from harness.store.store import Store


def verify(
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    repair: Annotated[bool, Parameter(help="move broken nodes to quarantine")] = False,
    rerun: Annotated[
        int | None, number(1, 100_000, help="so many stored runs once more: the same bytes?")
    ] = None,
    data: DataFolder = None,
    as_json: Json = False,
) -> ExitCode:
    """Compare every stored byte with what was published; exit 1 when something is broken.

    What --repair has set aside runs again when an exhibit asks for it. With --rerun runs are drawn
    from those that give the same bytes by themselves, and computed once more in a folder that is
    thrown away; exit 1 when one gives others, 3 when one fails.

    For example:

    - `harness verify`
    - `harness verify --repair`
    - `harness verify --rerun 3`
    """
    from harness.store import verify as store_verify

    voice, store = spoken.voice, stored.existing()
    if rerun and (repair or as_json):
        raise HarnessError("--rerun", "goes with neither --repair nor --json", hint="leave one out")
    found = store_verify.verify(store)
    faults = [fault for fault in found if not fault.is_information]
    if as_json:
        print_json([{"place": str(f.place), "problem": f.problem, "key": f.key} for f in found])
    else:
        for fault in found:
            if fault.is_information:
                voice.tell(str(fault))
            else:
                voice.say(str(fault), "red")
        nodes = counted(len(store.manifests()), "node")
        voice.tell(f"{nodes}, {counted(len(faults), 'fault')}")
    if repair:
        for place in store_verify.repair(store, faults):
            print(visible(f"moved to {place}"), file=sys.stderr if as_json else sys.stdout)
        return ExitCode.OK
    code = ExitCode.OK
    if rerun:
        layout = stored.layout()
        layout = replace(layout, data=named(data, "HARNESS_DATA_DIR") or layout.data)
        code = _run_again(store, layout, rerun, {one.key for one in faults}, voice)
    return ExitCode.CHECK_FAILED if faults else code


def _run_again(
    store: Store, layout: Layout, count: int, broken: Collection[str], voice: Voice
) -> ExitCode:
    """Run some stored nodes once more and say where they give other bytes. Those that are `broken`,
    or made from such a one, are left out: what is stored of them is not what was published.
    """
    from harness.check.bits import CLOCK, LATER
    from harness.execute.cores import default_slots, usable_cores
    from harness.execute.environment import making
    from harness.execute.executor import Queue
    from harness.execute.job import Job
    from harness.execute.local import Local
    from harness.store.made import ways_apart
    from harness.store.store import Store
    from harness.terminal.board import Board, screen_for

    study_path(layout.project)
    all_known = list(_repeatable(store))
    known = [
        (node, made)
        for node, made in all_known
        if not {node.key, *node.inputs.values()}.intersection(broken)
    ]
    chosen = {node.key: (node, made) for node, made in random.sample(known, min(count, len(known)))}
    if not chosen:
        problem = "holds no run that gives the same bytes by itself, and can be run here"
        raise HarnessError(str(store.root), problem)
    nodes = {key: node for key, (node, _) in chosen.items()}
    queue = Queue(nodes.values(), set(), {key: made.wall_s for key, (_, made) in chosen.items()})
    executor = Local(min(len(nodes), default_slots(usable_cores(), False)))
    with tempfile.TemporaryDirectory(prefix="rerun-") as scratch:

        def make_job(node: Node) -> Job:
            room = Store(Path(scratch) / node.key)  # of its own, with the inputs that it had
            for key in node.inputs.values():
                room.folder(key).parent.mkdir(parents=True, exist_ok=True)
                room.folder(key).symlink_to(store.folder(key).resolve())
            room.tree.prepare()
            return Job(node, room.root, layout.data, executor.threads, {}, {}, study=layout.project)

        board = Board(nodes, queue, executor.slots, measured=nodes)
        with screen_for(board, console(), voice) as tell:
            failures = executor(queue, make_job, tell)
        other = 0
        for key, (node, made) in chosen.items():
            again = Store(Path(scratch) / key).get(key)
            if again is None:
                continue
            since = set(LATER) - made.files.keys()
            names = sorted({*made.files, *again.files} - set(CLOCK) - since)
            apart = [name for name in names if made.files.get(name) != again.files.get(name)]
            if apart:
                ways = ", ".join(ways_apart(made, making())) or "by the same code and versions"
                voice.say(f"{node.label}: other bytes in {', '.join(apart)}; made {ways}", "red")
                other += 1
    same = len(chosen) - len(failures) - other
    said = f"{len(chosen)} of {counted(len(known), 'run')} that repeat run again: {same} the same"
    left = len(all_known) - len(known)
    more = f"; {left} left out, with faults in them or their inputs" if left else ""
    voice.say(f"{said}, {other} other, {len(failures)} failed{more}")
    if other:
        return ExitCode.CHECK_FAILED
    return ExitCode.RUN_FAILED if failures else ExitCode.OK


def _repeatable(store: Store) -> Iterator[tuple[Node, Manifest]]:
    """Stored runs that a machine as this one computes to the same bytes, with their nodes: those
    whose kernels are repeatable and whose threads are said, where their inputs are stored and their
    record is enough to run them.
    """
    from pydantic import ValidationError

    from harness.execute.environment import gpus
    from harness.measures.base import Run
    from harness.plan.estimate import device_of
    from harness.plan.node import node_of

    stored = {made.key: made for made in store.manifests()}
    for key, made in stored.items():
        spec: Any = made.spec
        numerics = spec.get("x", spec).get("numerics") or {}
        if not numerics.get("deterministic", True) or not numerics.get("threads", 1):
            continue
        if device_of(made.spec) == "cuda" and not gpus():
            continue
        try:
            run = Run.of(made.kind, made.spec)
        except (HarnessError, ValidationError):  # of another time, or of data that a page must name
            continue
        node = node_of(run, f"{made.kind} {key[:8]}", made.inputs)
        if node.key == key and stored.keys() >= set(made.inputs.values()):
            yield node, made
