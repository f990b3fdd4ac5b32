"""The options that say who runs the nodes: processes here, or the machines of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from harness.errors import HarnessError
from harness.execute.executor import Crew, Where, parse_pins

CLUSTER = "Cluster"
"""Heading of the help."""


@dataclass(frozen=True, kw_only=True)
class Workers:
    """Who runs the nodes."""

    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, max=1024, help="nodes side by side; else one per core"),
    ] = None
    executor: Annotated[
        Where, typer.Option(help="processes here, or a Ray cluster", rich_help_panel=CLUSTER)
    ] = Where.LOCAL
    address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|auto",
            help="a running Ray cluster [RAY_ADDRESS]; else one is started here",
            rich_help_panel=CLUSTER,
        ),
    ] = None
    retries: Annotated[
        int,
        typer.Option(min=0, max=100, help="of a node whose machine died", rich_help_panel=CLUSTER),
    ] = 2
    pins: Annotated[
        list[str] | None,
        typer.Option(
            "--pin",
            metavar="[KIND:]LABEL=VALUE",
            help="nodes only on machines with this label: `train:pool=big`; may be repeated",
            rich_help_panel=CLUSTER,
        ),
    ] = None

    @property
    def crew(self) -> Crew:
        """Raises HarnessError for what does not go together."""
        if self.executor is Where.LOCAL and (self.address is not None or self.pins):
            option = "--address" if self.address is not None else "--pin"
            raise HarnessError(option, "is for a Ray cluster", hint="add --executor ray")
        return Crew(
            self.executor, self.jobs, self.address, self.retries, parse_pins(self.pins or ())
        )
