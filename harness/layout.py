"""The folders of a project and of its results, as one value that is handed around."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError


@dataclass(frozen=True)
class Layout:
    """Where specs and golden values are read, and where results go.

    `project` holds `specs/` and `golden/`; `store` keeps runs, `out` reports, `data` the data sets.
    """

    project: Path
    store: Path
    out: Path
    data: Path

    @property
    def specs(self) -> Path:
        return self.project / "specs"

    @property
    def golden(self) -> Path:
        return self.project / "golden"

    def shown(self, path: Path) -> str:
        """`path` as a user of this project would type it."""
        try:
            return path.resolve().relative_to(self.project.resolve()).as_posix()
        except ValueError:
            return str(path)


def refuse_unwritable(folder: Path, option: str) -> None:
    """Raise HarnessError unless files can be put into `folder`, which may have to be made.

    Said before anything runs; `option` is what would choose another place.
    """
    place = next(one for one in (folder, *folder.parents) if one.exists() or one.is_symlink())
    problem = ""
    if not place.exists():
        problem = f"is a link to {place.readlink()}, which is not there"
    elif not place.is_dir():
        problem = "is a file, not a folder"
    elif not os.access(place, os.W_OK | os.X_OK):
        problem = "cannot be written by this user"
    if problem:
        raise HarnessError(str(place), problem, hint=f"choose another place: {option} FOLDER")


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds specs, else the checkout of this package.

    Raises:
        HarnessError: neither is a project.
    """
    here = start.resolve()
    checkout = Path(__file__).resolve().parent.parent
    for folder in (here, *here.parents, checkout):
        if (folder / "specs").is_dir() and (folder / "golden").is_dir():
            return folder
    raise HarnessError(
        str(start),
        "no project here: neither this folder nor one above it holds specs/ and golden/",
        hint="run it in a checkout, or pass --project",
    )


def layout(
    project: Path | None = None,
    *,
    store: Path | None = None,
    out: Path | None = None,
    data: Path | None = None,
) -> Layout:
    """The folders in force: what was passed, else HARNESS_* variables, else beside the specs."""
    if project is not None and not (project / "specs").is_dir():
        problem = "holds no specs/" if project.is_dir() else "no such folder"
        raise HarnessError(str(project), problem, hint="name a checkout of the project")
    root = project.resolve() if project else find_project(Path.cwd())

    def folder(given: Path | None, variable: str, default: str) -> Path:
        return named(given, variable) or root / default

    return Layout(
        project=root,
        store=folder(store, "HARNESS_STORE", "store"),
        out=folder(out, "HARNESS_OUT", "out"),
        data=folder(data, "HARNESS_DATA_DIR", "data"),
    )


def named(given: Path | None, variable: str) -> Path | None:
    """The folder that a user named by an option, else by a variable of the environment."""
    text = os.environ.get(variable)
    folder = given or (Path(text) if text else None)
    return folder.expanduser().absolute() if folder else None
