"""`harness schema`: what a spec may say, for editors and linters."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.complete import kinds
from harness.cli.flat import flat
from harness.cli.options import Here
from harness.cli.output import print_json
from harness.errors import HarnessError
from harness.files import os_errors, write_durably
from harness.parts.base import suggestion
from harness.screen import say
from harness.spec.schema import KINDS, schema_files, schema_of

Kind = Annotated[
    str,
    typer.Argument(metavar="[KIND]", help="exhibit, profile, neurons, …", autocompletion=kinds),
]
Write = Annotated[bool, typer.Option("--write", help="write all of them into specs/schema/")]


@flat
def schema(here: Here, kind: Kind = "exhibit", write: Write = False) -> None:
    """Print the JSON Schema of a kind of spec file, or write those of all kinds.

    The first line of each spec names its schema, so that an editor completes and checks it.

    Examples:

    - `harness schema exhibit`
    - `harness schema --write`
    """
    if kind not in KINDS:
        raise HarnessError(f"schema {kind}", "no such kind", hint=suggestion(kind, KINDS))
    if not write:
        print_json(schema_of(kind))
        return
    folder = here.layout().specs / "schema"
    with os_errors(folder):
        folder.mkdir(exist_ok=True)
        for name, content in schema_files().items():
            write_durably(folder / name, content)
            say(f"written: specs/schema/{name}")
