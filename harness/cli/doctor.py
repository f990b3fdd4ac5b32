"""`harness doctor`: what is here, what is missing, and the command that mends it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from harness.cli.options import Json, Places, Spoken
from harness.errors import ExitCode
from harness.terminal.output import Voice, console, print_json, table


def doctor(
    places: Places = Places(),
    spoken: Spoken = Spoken(),
    as_json: Json = False,
    measure: Annotated[
        bool, Parameter(help="time training steps here, for the costs that `plan` says")
    ] = False,
) -> ExitCode:
    """Say what is installed and found here, what is missing, and the command that mends it.

    Exit code 1 when something is missing that every run needs. With --quiet only what is not in
    order is shown. With --measure training steps are timed for some seconds on a core and on the
    first GPU, and kept in the store.

    For example:

    - `harness doctor`
    - `harness doctor --json`
    - `harness doctor --measure`
    """
    from harness.cli.health import Health, examine, measure_devices

    style = {Health.GOOD: "green", Health.NOTE: "yellow", Health.BAD: "red"}
    voice = spoken.voice
    if measure:
        measure_devices(places.layout())
    findings = list(examine(places.layout()))
    if as_json:
        print_json([vars(one) | {"health": one.health.value} for one in findings])
    else:
        rows = [
            (Text(one.health.value, style=style[one.health]), one.what, one.found, one.fix)
            for one in findings
            if voice is not Voice.QUIET or one.health is not Health.GOOD
        ]
        console().print(table(("", "what", "found", "what to do"), rows))
    is_bad = any(one.health is Health.BAD for one in findings)
    return ExitCode.CHECK_FAILED if is_bad else ExitCode.OK
