"""The folders of a study and of its results, as one value that is handed around.

A study is a folder with a `study.toml`. It inherits the built-in study, which is a checkout or the
data of the installed package, unless its `study.toml` says `inherits = false`, as the checkout's
own does: so a copy of a checkout stands by itself.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import ModuleType

from harness.caches import can_write
from harness.errors import HarnessError
from harness.files import read_plain
from harness.words import shortened

STUDY = "study.toml"
PUBLISHED = "paper"  # the folder of golden/ that holds what the documents print
ROOMS = ("blocks", "profiles", "schema")
"""The folders of specs/ that hold no exhibits."""


def built_in() -> Path:
    """The built-in study: the data of the installed package, else the checkout of this file."""
    return PACKED if PACKED.is_dir() else PACKED.parents[1]


PACKED = Path(__file__).resolve().parent / "builtin"
"""Where a wheel has the built-in study; a checkout has no such folder."""


@dataclass(frozen=True)
class Layout:
    """Where specs and golden values are read, and where results go.

    `project` is the study's folder; `store` keeps runs, `out` reports, `data` the data sets.
    """

    project: Path
    store: Path
    out: Path
    data: Path

    @cached_property
    def builtin(self) -> Path:
        """The study that it inherits: its own folder where it stands by itself."""
        return self.project if stands_alone(self.project) else built_in()

    @property
    def folders(self) -> tuple[Path, ...]:
        """The studies whose files are read: its own, then the one that it inherits."""
        return tuple(dict.fromkeys((self.project, self.builtin)))

    @property
    def inherited(self) -> Layout:
        """The built-in study with these places for results: the canary is there alone."""
        return replace(self, project=self.builtin)

    @property
    def specs(self) -> Path:
        return self.project / "specs"

    @property
    def golden(self) -> Path:
        """Where values that are measured here are written."""
        return self.project / "golden"

    @property
    def goldens(self) -> tuple[Path, ...]:
        """Where golden values are read; a file in the first takes the place of one further on."""
        return tuple(folder / "golden" for folder in self.folders)

    @property
    def drawings(self) -> tuple[Path, ...]:
        """The folders of the modules that draw: the study's own, then the package's."""
        package = importlib.util.find_spec("paper_figures")
        places = package.submodule_search_locations if package else None
        return (self.project / "figures", *map(Path, places or ()))

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
    _IN_USE[:] = [study]


_IN_USE: list[Path] = []


def refuse_mistaken(module: ModuleType) -> None:
    """Raise HarnessError where the study that was put on the import path last has a module of this
    name, and this is another one: of a package, or of a study that was there before.
    """
    name, file = module.__name__, getattr(module, "__file__", None)
    places = [file] if file else [*getattr(module, "__path__", ())]  # a folder has no file
    for study in _IN_USE:
        own = study.joinpath(*name.split("."))
        is_there = own.with_name(f"{own.name}.py").is_file() or own.is_dir()
        within = (Path(place).resolve().is_relative_to(study.resolve()) for place in places)
        if is_there and not any(within):
            found = " and ".join(places) or "built in"
            problem = f"the module is {found}, and not what {study} has of this name"
            raise HarnessError(name, problem, hint="give the module of the study another name")


def spec_files(study: Path) -> Iterator[Path]:
    """The files of a study that hold exhibits: all below specs/ but what has a room of its own, and
    the canary of the built-in study. Links to folders are not followed.

    Raises:
        HarnessError: a folder may not be read, so that nothing can be said of what is in it.
    """
    specs = study / "specs"
    for name, folders, files in os.walk(specs):
        at = Path(name)
        rooms = (*ROOMS, *(["canary"] if at == specs and stands_alone(study) else ()))
        folders[:] = sorted(one for one in folders if one not in rooms and one[0] != ".")
        for one in folders:
            refuse_unreadable(at / one, "make it readable for this user")
        yield from (at / one for one in sorted(files) if one[0] != "." and one.endswith(".toml"))


def stands_alone(study: Path) -> bool:
    """Whether a study inherits nothing. What else is wrong with its study.toml is told where its
    specs are read.
    """
    if study == built_in():
        return True
    with suppress(OSError, ValueError):
        text = read_plain(study / STUDY).decode()
        return tomllib.loads(text).get("inherits") is False
    return False


def find_project(start: Path) -> Path:
    """The nearest study at or above `start`, else the built-in one."""
    here = start.resolve()
    for folder in (here, *here.parents):
        with suppress(PermissionError):  # one above may be another user's
            if (folder / STUDY).is_file():
                return folder
    return built_in()


def refuse_packed(layout: Layout) -> None:
    """Raise HarnessError where a command would write into the study of the installed package."""
    if layout.project == PACKED:
        problem = "belongs to the installed package, and is not written to"
        raise HarnessError(str(PACKED), problem, hint="harness init FOLDER makes a study of yours")


def layout(
    project: Path | None = None,
    *,
    store: Path | None = None,
    out: Path | None = None,
    data: Path | None = None,
) -> Layout:
    """The folders in force: what was passed, else HARNESS_* variables, else those in the study's
    folder; in the working folder where that is the installed package's.
    """
    if project is not None:
        project = reachable(project, "--project")
        if not (project / STUDY).is_file():
            problem = f"holds no {STUDY}" if project.is_dir() else "no such folder"
            hint = "name a study; harness init FOLDER makes one"
            raise HarnessError(str(project), problem, hint=hint)
    root = (project or find_project(Path.cwd())).resolve()
    require_text(str(root), "--project")
    home = Path.cwd() if root == PACKED else root

    def folder(given: Path | None, variable: str, default: str) -> Path:
        return named(given, variable) or reachable(home / default, _OPTIONS[variable])

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
