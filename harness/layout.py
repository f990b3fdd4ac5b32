"""The folders of a project and of its results, as one value that is handed around."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.caches import can_write
from harness.errors import HarnessError
from harness.words import shortened


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

    Said before anything runs, and by trying it; `option` is what would choose another place.
    """
    hint = f"choose another place: {option} FOLDER"
    place = next(
        one for one in (folder, *folder.parents) if _is_there(one, hint) or one.is_symlink()
    )
    problem = ""
    if not place.exists():
        problem = f"is a link to {place.readlink()}, which is not there"
    elif not place.is_dir():
        problem = "is a file, not a folder"
    elif not can_write(place):
        problem = "cannot be written"
    if problem:
        raise HarnessError(str(place), problem, hint=hint)


def refuse_unreadable(path: Path, hint: str) -> None:
    """Raise HarnessError where something is there that this user may not look at."""
    if _is_there(path, hint) and not os.access(path, os.R_OK | (os.X_OK if path.is_dir() else 0)):
        raise HarnessError(str(path), "cannot be read by this user", hint=hint)


def _is_there(path: Path, hint: str) -> bool:
    """Whether a path exists; raises HarnessError where that is not to be told."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        problem = f"cannot be looked at: {error.strerror}"
        raise HarnessError(shortened(str(path)), problem, hint=hint) from error
    return True


def require_text(text: str, where: str) -> None:
    """Raise HarnessError for what is no text: names of files may be any bytes, records not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        problem, hint = "is not UTF-8, and could not be recorded", "rename it, or name a link to it"
        with suppress(UnicodeError):
            os.fsencode(text).decode("utf-8")
            problem = (
                f"cannot be told in this locale, whose encoding is {sys.getfilesystemencoding()}"
            )
            hint = "set LC_ALL=C.UTF-8 or PYTHONUTF8=1"
        raise HarnessError(f"{where} {shortened(text)}", problem, hint=hint) from None


def require_working_folder() -> None:
    """Raise HarnessError where the folder in which the command was typed is there no more."""
    try:
        Path.cwd()
    except OSError as error:
        problem = f"cannot be used: {error.strerror}; it was removed or replaced"
        raise HarnessError("the working folder", problem, hint="cd to another one") from error


def study_path(study: Path) -> None:
    """Put the folder of a study on the import path of this process and of those that it starts.

    It comes last: no file of a study takes the place of a module that the harness or a library
    imports.
    """
    if str(study) not in sys.path:
        sys.path.append(str(study))


def find_project(start: Path) -> Path:
    """The nearest folder at or above `start` that holds specs, else the checkout of this package.

    Raises:
        HarnessError: neither is a project.
    """
    here = start.resolve()
    checkout = Path(__file__).resolve().parent.parent
    for folder in (here, *here.parents, checkout):
        with suppress(PermissionError):  # one above may be another user's
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
    if project is not None:
        project = reachable(project, "--project")
        if not (project / "specs").is_dir():
            problem = "holds no specs/" if project.is_dir() else "no such folder"
            raise HarnessError(str(project), problem, hint="name a checkout of the project")
    root = (project or find_project(Path.cwd())).resolve()
    require_text(str(root), "--project")

    def folder(given: Path | None, variable: str, default: str) -> Path:
        return named(given, variable) or reachable(root / default, _OPTIONS[variable])

    return Layout(
        project=root,
        store=folder(store, "HARNESS_STORE", "store"),
        out=folder(out, "HARNESS_OUT", "out"),
        data=folder(data, "HARNESS_DATA_DIR", "data"),
    )


_OPTIONS = {"HARNESS_STORE": "--store", "HARNESS_OUT": "--out", "HARNESS_DATA_DIR": "--data-dir"}


def named(given: Path | None, variable: str) -> Path | None:
    """The folder that a user named by an option, else by a variable of the environment.

    Raises:
        HarnessError: as `reachable`.
    """
    text = os.environ.get(variable)
    if given is not None:
        return reachable(given, _OPTIONS[variable]).absolute()
    return reachable(Path(text), variable).absolute() if text else None


def reachable(path: Path, option: str) -> Path:
    """A path as it was typed, `~` spelt out, which may be absent.

    Raises:
        HarnessError: no such home, no text, or nothing that this user may look at.
    """
    try:
        found = path.expanduser()
    except RuntimeError as error:
        problem = f"no home folder is known for {path.parts[0]}"
        raise HarnessError(f"{option} {path}", problem, hint="spell the path out") from error
    require_text(str(found.absolute()), option)
    refuse_unreadable(found, f"{option} must be readable for this user")
    return found
