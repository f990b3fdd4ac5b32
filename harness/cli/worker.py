"""`harness worker`: one frozen node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.cli.options import DataFolder, Here, Json, StoreFolder, number
from harness.errors import ExitCode
from harness.layout import named, reachable
from harness.terminal.output import json_text, print_lines, say

if TYPE_CHECKING:
    from harness.execute.events import Event


def worker(
    node: Annotated[Path, Parameter(name="NODE.json", help="a node file")],
    /,
    *,
    here: Here = Here(),
    store: StoreFolder = None,
    data: DataFolder = None,
    threads: Annotated[
        int | None, number(1, 1024, help="of a run that leaves them open; else all cores")
    ] = None,
    seconds: Annotated[
        float | None,
        number(
            2, 10**9, name="--for", help="end within so many seconds, if it can at a checkpoint"
        ),
    ] = None,
    must_resume: Annotated[
        bool, Parameter(help="fail where a training has no checkpoint to go on from")
    ] = False,
    as_json: Json = False,
) -> ExitCode:
    """Run one node from its file and publish it into the store, whole or not at all.

    `harness plan --write-nodes` writes such files: a scheduler that knows nothing of the harness
    runs them, in any order that keeps to their folders. A run that was stopped goes on from its
    last epoch. The exit code is 0 when the node is stored, 3 when its run failed, 2 when the file
    is no true node, 130 when it was stopped, also by --for.

    For example:

    - `harness worker nodes/wave-1/0000-train-3f2a91c0.json`
    - `harness worker node.json --json --store /scratch/store`
    - `harness worker node.json --for 480 --must-resume`
    """
    from harness.execute.events import Advanced, Failed, Started, event_record
    from harness.execute.interrupt import Pace, interruptible, stoppable
    from harness.execute.job import run_job
    from harness.execute.node_file import read_node
    from harness.terminal.board import sentence

    pace = Pace(seconds)
    job = read_node(
        reachable(node, "NODE.json"),
        store=named(store, "HARNESS_STORE"),
        data=named(data, "HARNESS_DATA_DIR"),
        study=reachable(here.project, "--project").absolute() if here.project else None,
        threads=threads,
    )

    def tell(event: Event) -> None:
        if as_json:
            print_lines(json_text(event_record(event)))
        else:
            say(f"{job.node.kind} {job.node.key[:8]}: {sentence(event)}")
        if isinstance(event, Started):
            pace.begin()
        elif job.node.kind == "train" and isinstance(event, Advanced):  # has a checkpoint now
            pace.end_epoch(is_last=event.progress.done == event.progress.of)

    with stoppable() as stop:  # an exception within an import leaves a module in pieces
        import harness.runs.machine  # noqa: F401  # numpy and torch

        stop.check()
    with interruptible(pace.left):
        outcome = run_job(replace(job, must_resume=must_resume), tell)
    return ExitCode.RUN_FAILED if isinstance(outcome, Failed) else ExitCode.OK
