"""A declarative harness that reproduces published tables and figures and says how far they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from harness.results.study import Results

__version__ = "0.1.0"


def open(  # as of a file: what is read is not changed
    study: str | PathLike[str] | None = None,
    *,
    profile: str = "smoke",
    store: str | PathLike[str] | None = None,
    data: str | PathLike[str] | None = None,
) -> Results:
    """The stored results of a study under a profile: its runs, frames and maps. Nothing is run, and
    nothing is written.

    `study` is its folder, else that of the working folder; `store` and `data` are where the
    commands find them if they are not said.

    Raises:
        HarnessError: no such study, profile or store.
    """
    from harness.results.study import (
        open_study,
    )  # brings pandas; `import harness` waits for nothing

    return open_study(study, profile=profile, store=store, data=data)
