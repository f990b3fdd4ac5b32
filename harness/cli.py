"""The command line: each command chains the stages and turns a fault into a sentence and a code."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.chain import held_against_store, measured, reproduced, run_missing, write_out
from harness.errors import ExitCode, HarnessError
from harness.execute.local import Interrupted
from harness.layout import Layout, layout
from harness.listing import list_rows, plan_record, print_list, print_plan
from harness.screen import console, say, size
from harness.stages import Project, make_plan, open_project
from harness.store.store import Store

app = typer.Typer(
    name="harness",
    help=(
        "Reproduce published tables and figures from their specs, and say how far they hold.\n\n"
        "Examples: `harness plan table1` · `harness reproduce table1` · "
        "`harness reproduce table1 --set recipe.epochs=2 --set seed=0,1,2` · "
        "`harness reproduce table1 --profile quick --data-dir ~/cifar` · `harness check`"
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

Names = Annotated[list[str] | None, typer.Argument(help="exhibits, or `all`", show_default=False)]
ProfileName = Annotated[str, typer.Option("--profile", help="scale at which everything runs")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="override a field or axis, `recipe.epochs=2`, `seed=0,1,2`"),
]
Data = Annotated[Path | None, typer.Option("--data-dir", help="data sets [HARNESS_DATA_DIR]")]
StoreDir = Annotated[Path | None, typer.Option("--store", help="finished runs [HARNESS_STORE]")]
Out = Annotated[Path | None, typer.Option("--out", help="reports [HARNESS_OUT]")]
Root = Annotated[Path | None, typer.Option("--project", help="folder with specs/ and golden/")]
Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="nodes side by side")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Repacked = Annotated[
    bool,
    typer.Option("--repacked-data", help="accept CIFAR files that are not the published ones"),
]
Weights = Annotated[
    Path | None,
    typer.Option("--weights", help="AlexNet's weights: safetensors, or a state dict of torch"),
]

CHECKED = ("table1", "tableD1", "tableD2")
"""What `check` runs when nothing is named: what CI can afford on every change."""


@dataclass(frozen=True)
class Folders:
    """The folder options of a command."""

    project: Path | None
    store: Path | None = None
    out: Path | None = None
    data: Path | None = None

    def layout(self) -> Layout:
        return layout(self.project, store=self.store, out=self.out, data=self.data)


@app.command("list")
def list_(project: Root = None, as_json: Json = False) -> None:
    """List the exhibits and profiles."""
    opened = open_project(Folders(project).layout(), profile="smoke")
    if as_json:
        _print_json(list_rows(opened.library))
    else:
        print_list(opened.library, console())


@app.command()
def plan(
    names: Names = None,
    profile: ProfileName = "smoke",
    sets: Sets = None,
    data: Data = None,
    store: StoreDir = None,
    project: Root = None,
    repacked: Repacked = False,
    weights: Weights = None,
    as_json: Json = False,
) -> None:
    """Say what would run and why, with time, disk and downloads; nothing is run.

    Example: `harness plan table1 --profile paper`
    """
    folders = Folders(project, store, data=data)
    opened = _open(folders, profile, sets, repacked, weights)
    held = held_against_store(opened, names or ())
    if as_json:
        _print_json(plan_record(opened, held))
    else:
        print_plan(opened, held, console())


@app.command()
def reproduce(
    names: Names = None,
    profile: ProfileName = "smoke",
    sets: Sets = None,
    data: Data = None,
    store: StoreDir = None,
    out: Out = None,
    jobs: Jobs = None,
    project: Root = None,
    repacked: Repacked = False,
    weights: Weights = None,
) -> None:
    """Run what is missing, then write frames, verdicts, figures and the report.

    Stopped by Ctrl-C or killed, the same command goes on from there. The exit code says whether
    the runs succeeded (3 if not); what they show is in the report, and `check` turns it into a
    code.
    """
    opened = _open(Folders(project, store, out, data), profile, sets, repacked, weights)
    raise typer.Exit(reproduced(opened, names or (), jobs).code)


@app.command()
def check(
    names: Names = None,
    profile: ProfileName = "smoke",
    sets: Sets = None,
    data: Data = None,
    store: StoreDir = None,
    out: Out = None,
    jobs: Jobs = None,
    project: Root = None,
    repacked: Repacked = False,
    weights: Weights = None,
) -> None:
    """Reproduce, and exit with 1 when a golden value or a counted claim does not hold.

    Without names: table1, tableD1 and tableD2.
    """
    opened = _open(Folders(project, store, out, data), profile, sets, repacked, weights)
    outcome = reproduced(opened, names or CHECKED, jobs)
    broken = ExitCode.CHECK_FAILED if outcome.broken else ExitCode.OK
    raise typer.Exit(outcome.code or broken)


@app.command()
def report(
    names: Names = None,
    profile: ProfileName = "smoke",
    sets: Sets = None,
    data: Data = None,
    store: StoreDir = None,
    out: Out = None,
    project: Root = None,
    repacked: Repacked = False,
    weights: Weights = None,
) -> None:
    """Write frames, verdicts, figures and the report again from what is stored; nothing is run."""
    opened = _open(Folders(project, store, out, data), profile, sets, repacked, weights)
    write_out(opened, make_plan(opened, names or ()), {})


@app.command()
def golden(
    name: Annotated[str, typer.Argument(help="exhibit")],
    profile: ProfileName = "smoke",
    seeds: Annotated[int, typer.Option(min=5, help="runs per cell, seeds 0 … n-1")] = 5,
    data: Data = None,
    store: StoreDir = None,
    jobs: Jobs = None,
    project: Root = None,
) -> None:
    """Measure an exhibit over several seeds and write `golden/PROFILE/EXHIBIT.csv`.

    For regression values only: published ones are never written by a program.
    """
    chosen = ["seed=" + ",".join(map(str, range(seeds)))]
    opened = _open(Folders(project, store, data=data), profile, chosen, False)
    held = held_against_store(opened, [name])
    if run_missing(opened, held, jobs):
        raise typer.Exit(ExitCode.RUN_FAILED)
    for path in measured(opened, held.plan):
        say(f"written: {opened.layout.shown(path)}")


@app.command()
def verify(
    store: StoreDir = None,
    project: Root = None,
    repair: Annotated[bool, typer.Option(help="move broken nodes to quarantine")] = False,
    as_json: Json = False,
) -> None:
    """Compare every stored byte with what was published; exit 3 when something is broken."""
    from harness.store.verify import repair as set_aside
    from harness.store.verify import verify as examine_store

    opened = Store(Folders(project, store).layout().store)
    found = examine_store(opened)
    faults = [fault for fault in found if not fault.is_information]
    if as_json:
        _print_json([{"place": str(f.place), "problem": f.problem, "key": f.key} for f in found])
    else:
        for fault in found:
            style = "dim" if fault.is_information else "red"
            say(str(fault), style)
        say(f"{len(opened.manifests())} nodes, {len(faults)} faults")
    if repair:
        for place in set_aside(opened, faults):
            typer.echo(f"moved to {place}", err=as_json)
        return
    raise typer.Exit(ExitCode.RUN_FAILED if faults else ExitCode.OK)


@app.command()
def gc(
    store: StoreDir = None,
    project: Root = None,
    older_than_days: Annotated[float, typer.Option(min=0, help="spare what is newer")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
) -> None:
    """Remove what no exhibit asks for under any profile: old runs, leftovers, quarantine.

    Runs made with --set are asked for by no exhibit; spare recent ones with --older-than-days.
    """
    from harness.store.gc import collect
    from harness.upkeep import wanted_keys

    folders = Folders(project, store).layout()
    age = older_than_days * 86_400 if older_than_days else None
    keep = wanted_keys(folders)
    gone = collect(Store(folders.store), keep, older_than_s=age, dry_run=dry_run)
    for one in gone:
        say(f"{one.path}: {one.why.value}, {size(one.bytes)}")
    verb = "would be freed" if dry_run else "freed"
    say(f"{len(gone)} things, {size(sum(one.bytes for one in gone))} {verb}")


@app.command()
def schema(
    name: Annotated[str, typer.Argument(help="exhibit, profile, or a kind of block")] = "exhibit",
    project: Root = None,
) -> None:
    """Print the JSON Schema of a kind of spec, for editors; the same in every project."""
    from harness.spec.validate import suggestion
    from harness.upkeep import SCHEMAS
    from harness.upkeep import schema as schema_of

    if name not in SCHEMAS:
        raise HarnessError(f"schema {name}", "no such kind", hint=suggestion(name, SCHEMAS))
    _print_json(schema_of(name))


@app.command()
def doctor(
    store: StoreDir = None,
    out: Out = None,
    data: Data = None,
    project: Root = None,
    as_json: Json = False,
) -> None:
    """Say what is installed and found here, what is missing, and the command that mends it."""
    from harness.upkeep import Health, examine

    findings = list(examine(Folders(project, store, out, data).layout()))
    if as_json:
        _print_json([vars(one) | {"health": one.health.value} for one in findings])
    else:
        style = {Health.GOOD: "green", Health.NOTE: "yellow", Health.BAD: "red"}
        for one in findings:
            fix = f"  → {one.fix}" if one.fix else ""
            say(f"{one.health.value:8}{one.what}: {one.found}{fix}", style[one.health])
    bad = any(one.health is Health.BAD for one in findings)
    raise typer.Exit(ExitCode.USAGE if bad else ExitCode.OK)


def _open(
    folders: Folders,
    profile: str,
    sets: list[str] | None,
    repacked: bool,
    weights: Path | None = None,
) -> Project:
    typed = shlex.join(["harness", *sys.argv[1:]])
    return open_project(
        folders.layout(),
        profile=profile,
        overrides=sets or (),
        repacked=repacked,
        weights=weights,
        command=typed,
    )


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))


def main() -> None:
    """Entry point: faults become one sentence on stderr and the exit code of `errors.ExitCode`."""
    try:
        app()
    except HarnessError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.code)
    except Interrupted as signal:
        typer.echo(f"\nstopped by {signal}; the same command goes on from here", err=True)
        sys.exit(ExitCode.INTERRUPTED)
