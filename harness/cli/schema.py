"""`harness schema`: what a spec may say, for editors and linters."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Here
from harness.errors import HarnessError
from harness.layout import refuse_packed
from harness.terminal.output import print_json, say


def kinds(_: object = None) -> list[str]:
    """Kinds of specs that have a schema, for the shell."""
    from harness.spec.schema import KINDS

    return list(KINDS)


def schema(
    kind: Annotated[
        str,
        Parameter(help="exhibit, profile, neurons, …", completer=kinds),
    ] = "exhibit",
    /,
    *,
    here: Here = Here(),
    write: Annotated[bool, Parameter(help="write all of them into specs/schema/")] = False,
) -> None:
    """Print the JSON Schema of a kind of spec file, or write those of all kinds.

    The first line of each spec names its schema, so that an editor completes and checks it.

    For example:

    - `harness schema exhibit`
    - `harness schema --write`
    """
    from harness.files import make_folder, os_errors, write_durably
    from harness.parts.base import suggestion
    from harness.spec.schema import KINDS, schema_files, schema_of

    if kind not in KINDS:
        raise HarnessError(f"schema {kind}", "no such kind", hint=suggestion(kind, KINDS))
    if not write:
        print_json(schema_of(kind))
        return
    refuse_packed(layout := here.layout())
    folder = layout.specs / "schema"
    with os_errors(folder):
        make_folder(folder)
        for name, content in schema_files().items():
            write_durably(folder / name, content)
            say(f"written: specs/schema/{name}")
