"""A driver without a report, for tests that interrupt it: `drive.py STORE [NAME=VALUE …]`.

With `--address` it runs on that Ray cluster.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.app import job_maker, open_project, surveyed
from harness.errors import ExitCode, HarnessError
from harness.execute.events import Event
from harness.execute.executor import Crew, Queue, Where, parse_pins
from harness.execute.interrupt import Interrupted
from harness.execute.survey import executor_for
from harness.layout import layout
from harness.spec.overrides import parse_override


def main() -> int:
    words = argparse.ArgumentParser()
    words.add_argument("store", type=Path)
    words.add_argument("sets", nargs="*")
    words.add_argument("--exhibit", default="table1")
    words.add_argument("--address")
    words.add_argument("--retries", type=int, default=2)
    words.add_argument("--pin", action="append", default=[])
    typed = words.parse_intermixed_args()
    where = Where.RAY if typed.address else Where.LOCAL
    crew = Crew(where, 2, typed.address, typed.retries, parse_pins(typed.pin))
    project = open_project(
        layout(store=typed.store),
        profile="smoke",
        overrides=[*map(parse_override, typed.sets)],
        command="drive",
    )
    held = surveyed(project, [typed.exhibit])
    seconds = {key: one.seconds for key, one in held.estimates.items()}
    queue = Queue(held.plan.nodes.values(), set(held.stored), seconds)

    def tell(event: Event | None) -> None:
        if event is not None:
            print(type(event).__name__, event.key, getattr(event, "problem", ""), flush=True)

    try:
        with executor_for(held, project.layout.store, crew) as executor:
            failures = executor(queue, job_maker(project, executor.threads), tell)
    except Interrupted:
        return ExitCode.INTERRUPTED
    except HarnessError as error:
        print(error, flush=True)
        return error.code
    return ExitCode.RUN_FAILED if failures else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
