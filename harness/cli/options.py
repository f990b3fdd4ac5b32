"""The options of the command line, each declared once, and the values that they make together."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.complete import exhibits, profiles, settings
from harness.errors import HarnessError
from harness.layout import Layout, layout
from harness.screen import Voice
from harness.stages import Project, open_project
from harness.store.store import Store

FOLDERS, OUTPUT = "Folders", "Output"
"""Headings of the help under which options stand that are not about what is computed."""

Json = Annotated[bool, typer.Option("--json", help="print JSON", rich_help_panel=OUTPUT)]
StoreFolder = Annotated[
    Path | None,
    typer.Option("--store", help="finished runs [HARNESS_STORE]", rich_help_panel=FOLDERS),
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data-dir", help="data sets [HARNESS_DATA_DIR]", rich_help_panel=FOLDERS),
]


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """How much a command says while it works."""

    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="only verdicts, findings and failures", rich_help_panel=OUTPUT
        ),
    ] = False
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="every node and epoch", rich_help_panel=OUTPUT),
    ] = False

    @property
    def voice(self) -> Voice:
        if self.quiet and self.verbose:
            raise HarnessError("--quiet --verbose", "contradict each other", hint="leave one out")
        return Voice.QUIET if self.quiet else Voice.VERBOSE if self.verbose else Voice.PLAIN


@dataclass(frozen=True, kw_only=True)
class Here:
    """The project that a command works on."""

    project: Annotated[
        Path | None,
        typer.Option(help="with specs/ and golden/; else here or above", rich_help_panel=FOLDERS),
    ] = None

    def layout(self) -> Layout:
        """The folders in force."""
        return layout(self.project)


@dataclass(frozen=True, kw_only=True)
class Stored(Here):
    """And its store of finished runs."""

    store: StoreFolder = None

    def layout(self) -> Layout:
        return layout(self.project, store=self.store)

    def existing(self) -> Store:
        """The store; a folder that was named must be there."""
        folder = self.layout().store
        if self.store and not folder.exists():
            raise HarnessError(f"--store {self.store}", "no such folder", hint="harness doctor")
        return Store(folder)


@dataclass(frozen=True, kw_only=True)
class Scaled(Stored):
    """And the scale at which everything runs."""

    profile: Annotated[
        str, typer.Option(help="scale at which everything runs", autocompletion=profiles)
    ] = "smoke"
    data: DataFolder = None

    def layout(self) -> Layout:
        return layout(self.project, store=self.store, data=self.data)

    def open(
        self,
        overrides: tuple[str, ...] = (),
        *,
        repacked: bool = False,
        weights: Path | None = None,
    ) -> Project:
        """Every spec read and checked, with what was typed.

        Raises:
            HarnessError: anything wrong in any spec or option.
        """
        typed = shlex.join(["harness", *sys.argv[1:]])
        return open_project(
            self.layout(),
            profile=self.profile,
            overrides=overrides,
            repacked=repacked,
            weights=weights,
            command=typed,
        )


@dataclass(frozen=True, kw_only=True)
class Asked(Scaled):
    """And exhibits, with changes to their specs."""

    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EXHIBIT",
            help="exhibits, or `all`",
            show_default=False,
            autocompletion=exhibits,
        ),
    ] = None
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="change a field or axis: `recipe.epochs=2`, `seed=0,1,2`; may be repeated",
            autocompletion=settings,
        ),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(
            metavar="cpu|cuda",
            help="where runs compute, else as the profile says: `--set numerics.device=…`",
            show_default=False,
        ),
    ] = None
    repacked: Annotated[
        bool,
        typer.Option("--repacked-data", help="accept CIFAR files that are not the published ones"),
    ] = False

    weights: Annotated[
        Path | None, typer.Option(help="AlexNet's weights: safetensors, or a state dict of torch")
    ] = None

    def opened(self) -> Project:
        device = (f"numerics.device={self.device}",) if self.device is not None else ()
        overrides = (*(self.sets or ()), *device)
        return self.open(overrides, repacked=self.repacked, weights=self.weights)


@dataclass(frozen=True, kw_only=True)
class Written(Asked):
    """And a folder for what comes of it."""

    out: Annotated[
        Path | None, typer.Option(help="reports [HARNESS_OUT]", rich_help_panel=FOLDERS)
    ] = None

    def layout(self) -> Layout:
        return layout(self.project, store=self.store, out=self.out, data=self.data)
