"""A driver without a report, for tests that interrupt it: `drive.py STORE [NAME=VALUE …]`.

With `--address` it runs on that Ray cluster.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.errors import ExitCode, HarnessError
from harness.execute.events import Event
from harness.execute.executor import Crew, Where, parse_pins
from harness.execute.interrupt import Interrupted
from harness.layout import layout
from harness.stages import executor_for, make_plan, open_project, queue_of, run_plan, survey
from harness.store.store import Store


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
        layout(store=typed.store), profile="smoke", overrides=typed.sets, command="drive"
    )
    held = survey(project, make_plan(project, [typed.exhibit]), Store(project.layout.store))

    def tell(event: Event | None) -> None:
        if event is not None:
            print(type(event).__name__, event.key, getattr(event, "problem", ""), flush=True)

    try:
        with executor_for(project, held, crew) as executor:
            failures = run_plan(project, queue_of(held), executor, tell)
    except Interrupted:
        return ExitCode.INTERRUPTED
    except HarnessError as error:
        print(error, flush=True)
        return error.code
    return ExitCode.RUN_FAILED if failures else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
