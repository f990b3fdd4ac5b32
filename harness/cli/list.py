"""`harness list`: the exhibits and profiles."""

from __future__ import annotations

from harness.cli.flat import flat
from harness.cli.options import Here, Json
from harness.cli.output import print_json
from harness.listing import list_record, print_list
from harness.screen import console
from harness.spec.library import read


@flat
def list_(here: Here, as_json: Json = False) -> None:
    """List the exhibits and profiles.

    Examples:

    - `harness list`
    - `harness list --json | jq -r '.exhibits[].id'`
    """
    library = read(here.layout())
    if as_json:
        print_json(list_record(library))
    else:
        print_list(library, console())
    library.require_whole()  # what is whole has been listed all the same
