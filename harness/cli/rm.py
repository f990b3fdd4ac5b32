"""`harness rm`: remove stored runs that are named."""

from __future__ import annotations

import shlex
from typing import Annotated

from cyclopts import Parameter

from harness.canonical import short
from harness.cli.options import Spoken, Stored
from harness.errors import ExitCode, HarnessError
from harness.terminal.output import asked as answered
from harness.terminal.output import size
from harness.words import counted


def rm(
    *keys: Annotated[str, Parameter(name="KEY", help="keys of stored runs, or how they begin")],
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    yes: Annotated[bool, Parameter(help="remove it without asking")] = False,
) -> ExitCode:
    """Remove stored runs. An exhibit that asks for one runs it anew.

    It says what would go and asks; where nobody can answer, only --yes removes. A run that others
    rest on goes only together with these, and one that is in use stays: exit code 3.

    For example:

    - `harness rm 3f2a91c0`
    - `harness rm 3f2a91c0 75f7bfdc --yes`
    """
    from harness.cli.runs import bytes_of
    from harness.results.asked import asked_for, called, key_of, rests_on, some
    from harness.store.gc import remove_runs

    if not keys:
        raise HarnessError("harness rm", "names no run", hint="harness runs lists them")
    store, voice = stored.existing(), spoken.voice
    all_of = {one.key: one for one in store.manifests()}
    named = dict.fromkeys(key_of(key, all_of) for key in keys)
    for key in named:
        if above := [one.key for one in rests_on(key, all_of.values()) if one.key not in named]:
            words = shlex.join(["harness", "rm", *map(short, (*named, *above))])
            problem = (
                f"{counted(len(above), 'stored run')} rest on it: {some([*map(short, above)])}"
            )
            raise HarnessError(f"run {short(key)}", problem, hint=f"remove them too: {words}")
    asked = asked_for(stored.layout())
    for key in named:
        told = asked[key].by if key in asked else "no exhibit"
        of = f"{called(all_of[key], asked)}, {size(bytes_of(all_of[key]))}"
        voice.tell(f"{short(key)} {of}, asked for by {told}")
    if not (yes or answered(f"remove {counted(len(named), 'run')}?")):
        problem = "removes runs only when that is wanted: nothing is gone"
        raise HarnessError("harness rm", problem, hint="add --yes")
    gone = 0
    for key, found in remove_runs(store, named).items():
        if isinstance(found, str):
            voice.say(f"{short(key)} {found}, and stays", "yellow")
        else:
            gone += 1
    voice.say(f"{counted(gone, 'run')} removed")
    return ExitCode.OK if gone == len(named) else ExitCode.RUN_FAILED
