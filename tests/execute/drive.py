"""A driver without a report, for tests that interrupt it: `python drive.py STORE [--set …]`."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.errors import ExitCode
from harness.execute.events import Event
from harness.execute.local import Interrupted
from harness.layout import layout
from harness.stages import make_plan, open_project, queue_of, run_plan, survey
from harness.store.store import Store


def main() -> int:
    project = open_project(
        layout(store=Path(sys.argv[1])), profile="smoke", overrides=sys.argv[2:], command="drive"
    )
    held = survey(project, make_plan(project, ["table1"]), Store(project.layout.store))

    def tell(event: Event | None) -> None:
        if event is not None:
            print(type(event).__name__, event.key, flush=True)

    try:
        failures = run_plan(project, queue_of(held), slots=2, tell=tell)
    except Interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.RUN_FAILED if failures else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
