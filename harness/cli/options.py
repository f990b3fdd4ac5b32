"""The options of the command line, each declared once, and the values that they make together.

A command is imported when it is typed, and imports what it works with when it runs: help and
completion wait for nothing.
"""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Group, Parameter

from harness.errors import HarnessError
from harness.layout import Layout, layout, spec_files
from harness.terminal.output import Voice

if TYPE_CHECKING:
    from harness.app import Project
    from harness.execute.executor import Crew
    from harness.spec.overrides import Override
    from harness.store.store import Store

OPTIONS = Group("Options", sort_key=1)
CLUSTER = Group("Cluster", sort_key=2)
FOLDERS = Group("Folders", sort_key=3)
OUTPUT = Group("Output", sort_key=4)
"""Headings of the help."""


def number(least: float, most: float = math.inf, **more: Any) -> Parameter:
    """An option whose value is finite and lies between two numbers."""

    def refuse_outside(_: Any, value: float | None) -> None:
        if value is not None and value < least:
            raise ValueError(f"must be greater than or equal to {least}")
        if value is not None and value > most:
            raise ValueError(f"must be less than or equal to {most}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("must be a finite number")

    metavar = f"{least}…" if math.isinf(most) else f"{least}…{most}"
    return Parameter(metavar=metavar, validator=refuse_outside, **more)


def exhibits(_: object = None) -> list[str]:
    """Ids of the exhibits for the shell, by the names of their files: nothing is read."""
    return [*_known(spec_files), "all"]


def profiles(_: object = None) -> list[str]:
    """Ids of the profiles for the shell."""
    return _known(lambda study: sorted(study.glob("specs/profiles/[!.]*.toml")))


def settings(_: object = None) -> list[str]:
    """What --set may change, each with its `=`, for the shell."""
    from harness.spec.exhibit import AXES
    from harness.spec.parts import known_fields

    return [f"{name}=" for name in (*AXES, *known_fields())]


def axes(_: object = None) -> list[str]:
    """What --only may select by, each with its `=`, for the shell."""
    from harness.spec.exhibit import AXES

    return [f"{name}=" for name in AXES if name != "seed"]


def _known(files: Callable[[Path], Iterable[Path]]) -> list[str]:
    """The stems of files of the study and of what it inherits; a completion says nothing about
    faults: it offers nothing.
    """
    try:
        studies = layout().folders
        return sorted({path.stem for study in studies for path in files(study)})
    except (HarnessError, OSError):
        return []


Exhibits = Annotated[
    str,
    Parameter(name="EXHIBIT", help="exhibits, also `table*`, or `all`", completer=exhibits),
]
Fresh = Annotated[bool, Parameter(help="run anew what is stored, in its place")]
Json = Annotated[bool, Parameter("--json", help="print JSON", group=OUTPUT)]
StoreFolder = Annotated[
    Path | None, Parameter("--store", help="finished runs [HARNESS_STORE]", group=FOLDERS)
]
DataFolder = Annotated[
    Path | None, Parameter("--data-dir", help="data sets [HARNESS_DATA_DIR]", group=FOLDERS)
]
OutFolder = Annotated[Path | None, Parameter("--out", help="reports [HARNESS_OUT]", group=FOLDERS)]


def typed() -> str:
    """The command as it was typed, for the record."""
    return shlex.join(["harness", *sys.argv[1:]])


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Spoken:
    """How much a command says while it works."""

    quiet: Annotated[
        bool, Parameter(alias="-q", help="only verdicts, findings and failures", group=OUTPUT)
    ] = False
    verbose: Annotated[bool, Parameter(alias="-v", help="every node and epoch", group=OUTPUT)] = (
        False
    )

    @property
    def voice(self) -> Voice:
        if self.quiet and self.verbose:
            raise HarnessError("--quiet --verbose", "contradict each other", hint="leave one out")
        return Voice.QUIET if self.quiet else Voice.VERBOSE if self.verbose else Voice.PLAIN


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Here:
    """The project that a command works on."""

    project: Annotated[
        Path | None,
        Parameter(help="a study's folder; else here or above", group=FOLDERS),
    ] = None

    def layout(self) -> Layout:
        """The folders in force."""
        named = {name: getattr(self, name, None) for name in ("store", "out", "data")}
        return layout(self.project, **named)


@dataclass(frozen=True, kw_only=True)
class Stored(Here):
    """And its store of finished runs."""

    store: StoreFolder = None

    def existing(self) -> Store:
        """The store; a folder that was named must be there."""
        from harness.store.store import Store

        folder = self.layout().store
        if self.store and not folder.exists():
            raise HarnessError(f"--store {self.store}", "no such folder", hint="harness doctor")
        return Store(folder)


@dataclass(frozen=True, kw_only=True)
class Places(Stored):
    """And every other folder that a command may use."""

    out: OutFolder = None
    data: DataFolder = None


@dataclass(frozen=True, kw_only=True)
class Scaled(Stored):
    """And the scale at which everything runs."""

    profile: Annotated[
        str,
        Parameter(
            help="scale at which everything runs",
            show_default=True,
            completer=profiles,
        ),
    ] = "smoke"
    data: DataFolder = None

    def open(self, *overrides: Override, **more: Any) -> Project:
        """Every spec read and checked, with what was typed.

        Raises:
            HarnessError: anything wrong in any spec or option.
        """
        from harness.app import open_project

        return open_project(
            self.layout(), profile=self.profile, overrides=overrides, command=typed(), **more
        )


@dataclass(frozen=True, kw_only=True)
class Asked(Scaled):
    """And changes to the specs of exhibits."""

    sets: Annotated[
        tuple[str, ...],
        Parameter(
            "--set",
            metavar="NAME=VALUE",
            help="change a field or axis: `recipe.epochs=2`, `seed=0..2`; may be repeated",
            completer=settings,
        ),
    ] = ()
    only: Annotated[
        tuple[str, ...],
        Parameter(
            "--only",
            metavar="AXIS=LEVEL",
            help="only these cells, as they are: `depth=20,32`, `depth=20,width=1`; again",
            completer=axes,
        ),
    ] = ()
    device: Annotated[
        Literal["cpu", "cuda"] | None,
        Parameter(
            metavar="cpu|cuda",
            help="where runs compute, else as the profile says: `--set numerics.device=…`",
        ),
    ] = None
    repacked: Annotated[
        bool,
        Parameter("--repacked-data", help="accept CIFAR files that are not the published ones"),
    ] = False
    weights: Annotated[
        Path | None, Parameter(help="AlexNet's weights: safetensors, or a state dict of torch")
    ] = None

    def opened(self) -> Project:
        from harness.spec.library import read
        from harness.spec.overrides import override, parse_only, parse_override

        if self.sets:  # fields of parts that others wrote are known once a spec has named these
            read(self.layout())
        device = [override("numerics.device", self.device)] if self.device is not None else []
        changes = (*map(parse_override, self.sets), *device)
        more: dict[str, Any] = {"repacked": self.repacked, "weights": self.weights}
        return self.open(*changes, only=parse_only(self.only), **more)


@dataclass(frozen=True, kw_only=True)
class Written(Asked):
    """And a folder for what comes of it."""

    out: OutFolder = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Workers:
    """Who runs the nodes: processes here, or the machines of a cluster."""

    jobs: Annotated[
        int | None,
        number(1, 1024, alias="-j", help="nodes side by side; else one per core"),
    ] = None
    executor: Annotated[
        Literal["local", "ray"],
        Parameter(help="processes here, or a Ray cluster", show_default=True, group=CLUSTER),
    ] = "local"
    address: Annotated[
        str | None,
        Parameter(
            metavar="HOST:PORT|auto",
            help="a running Ray cluster [RAY_ADDRESS]; else one is started here",
            group=CLUSTER,
        ),
    ] = None
    retries: Annotated[
        int,
        number(0, 100, help="of a node whose machine died", show_default=True, group=CLUSTER),
    ] = 2
    pins: Annotated[
        tuple[str, ...],
        Parameter(
            "--pin",
            metavar="[KIND:]LABEL=VALUE",
            help="nodes only on machines with this label: `train:pool=big`; may be repeated",
            group=CLUSTER,
        ),
    ] = ()

    @property
    def crew(self) -> Crew:
        """Raises HarnessError for what does not go together."""
        from harness.execute.executor import Crew, Where, parse_pins

        if self.executor == "local" and (self.address is not None or self.pins):
            option = "--address" if self.address is not None else "--pin"
            raise HarnessError(option, "is for a Ray cluster", hint="add --executor ray")
        where = Where(self.executor)
        return Crew(where, self.jobs, self.address, self.retries, parse_pins(self.pins))
