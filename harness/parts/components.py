"""Parts that others wrote: a class of a study or of an installed package, by its place in Python.

`kind = "mystudy.alif:AdaptiveLif"` is the class of this name in the module `mystudy.alif`. A
package may give it a shorter name: an entry point of the group `harness.parts`.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from importlib import import_module, metadata
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.layout import refuse_mistaken

GROUP = "harness.parts"
CODE = "code"
"""What the digest of its Python is called among the fields that make a key."""
CHANGED = "its Python is another one now"


def is_own(made: type[Any]) -> bool:
    """Whether a class is none of this package."""
    return made.__module__.partition(".")[0] != __name__.partition(".")[0]


def place_of(made: Any) -> str:
    """`mystudy.alif:AdaptiveLif`."""
    return f"{made.__module__}:{made.__qualname__}"


def is_place(kind: str) -> bool:
    """Whether a kind is a place in Python, by its form or because a package gave it a name."""
    return ":" in kind or kind in named()


@cache
def named() -> dict[str, str]:
    """The places that installed packages gave a name, by that name."""
    return {one.name: one.value for one in metadata.entry_points(group=GROUP)}


def found(kind: str) -> Any:
    """What stands at a place.

    Raises:
        HarnessError: no such module or no such name in it, or the module cannot be imported.
    """
    place = kind if ":" in kind else named()[kind]
    module, _, name = place.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), *name.split("."))):
        problem = "is no place in Python"
        raise HarnessError(kind, problem, hint="it reads module:Class, as mystudy.alif:AdaptiveLif")
    here: Any = _imported(module)
    for part in name.split("."):
        if not hasattr(here, part):
            its = [one for one, what in vars(here).items() if inspect.isclass(what)]
            makers = [one for one, what in vars(here).items() if inspect.isfunction(what)]
            near = get_close_matches(part, its + makers, n=1)
            own = ", ".join(one for one in its if vars(here)[one].__module__ == module)
            hint = f"did you mean '{module}:{near[0]}'?" if near else own and f"it has {own}"
            raise HarnessError(kind, f"{module} has no {part}", hint=hint)
        here = getattr(here, part)
    return here


def part_at(kind: str, family: type[Any]) -> Any:
    """The class at a place, which can be one of the kinds of a family.

    Raises:
        HarnessError: as `found`, or it is none of the family, or lacks what the family needs.
    """
    part, noun = found(kind), family.__name__
    is_class = isinstance(part, type)
    if not is_class or not issubclass(part, family):
        of = [one.__name__ for one in getattr(part, "__mro__", ()) if "kinds" in vars(one)]
        what = f"a {of[0]}" if of else "another class"
        what = what if is_class else f"a value of type {type(part).__name__}"
        raise HarnessError(kind, f"is {what}, must be a {noun}")
    lacking = {*part.__abstractmethods__}
    lacking |= {name for name in part.__class_vars__ if not hasattr(part, name)}
    if lacking:
        raise HarnessError(kind, f"is no whole {noun}: it lacks {', '.join(sorted(lacking))}")
    if not is_own(part):
        raise HarnessError(kind, "is built in, and has a kind of its own")
    if CODE in part.model_fields:
        raise HarnessError(
            kind, f"has a field {CODE!r}, which is kept for the digest of its module"
        )
    return part


def _imported(module: str) -> Any:
    try:
        made = import_module(module)
        refuse_mistaken(made)
        return made
    except HarnessError:
        raise
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise _not_there(module, error.name) from None
        raise _unimportable(module, error) from error
    except (Exception, SystemExit) as error:
        raise _unimportable(module, error) from error


def require_module(module: str) -> None:
    """Raise HarnessError where there is none of this name; it is not imported, but what it is
    below.
    """
    above = module.rpartition(".")[0]
    if above:
        _imported(above)
    if find_spec(module) is None:
        raise _not_there(module, module)


def _not_there(module: str, lacking: str) -> HarnessError:
    said = f"no module {lacking!r} in the study's folder or among installed packages"
    return HarnessError(module, said, hint=_near(lacking))


def _near(module: str) -> str:
    """A module beside the one that is not there."""
    above, _, name = module.rpartition(".")
    with suppress(OSError, AttributeError, ImportError):
        places = import_module(above).__path__ if above else sys.path
        there = {
            path.stem
            for place in map(Path, places)
            if place.is_dir()
            for path in place.iterdir()
            if path.suffix == ".py" or path.is_dir()
        }
        there -= set() if above else sys.stdlib_module_names  # no study is one of these
        if near := get_close_matches(name, there, n=1):
            return f"did you mean '{above}{above and '.'}{near[0]}'?"
    return ""


def _unimportable(module: str, error: BaseException) -> HarnessError:
    """With the exception, and the line of the module, or of what it imports, that raised it."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    frames = [
        one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_file()
    ]
    beside = [one for one in frames[1:] if "site-packages" not in one.filename]
    if isinstance(error, SyntaxError) and error.filename:
        said = f"SyntaxError: {error.msg} ({error.filename}:{error.lineno})"
    elif beside:
        said += f" ({beside[-1].filename}:{beside[-1].lineno})"
    return HarnessError(module, f"cannot be imported: {said}")


@cache
def code_of(part: Any) -> str:
    """What is part of every key beside the fields of a class that others wrote: SHA-256 over the
    content of its module and of those modules of the same study that this imports; of an installed
    package its name and version, and SHA-256 over the module. Classes that it is derived from count
    likewise, and the module that a run names as its code. It is that of the files when it is first
    asked for.

    Raises:
        HarnessError: the class stands in no file, or one of its files cannot be read.
    """
    digest, packages = hashlib.sha256(), dict[str, None]()
    modules = [one.__module__ for one in part.__mro__]
    modules += [str(getattr(part, "code", "")).partition(":")[0]]
    for module in filter(_is_of_others, dict.fromkeys(modules)):
        root, package = _root(module)
        files = {module: _file(root, module)} if package else _with_imports(root, module)
        packages |= {package: None} if package else {}
        digest.update(_content(root, filter(None, files.values())))
    return " ".join((*packages, digest.hexdigest()))


def code_below(root: Path, module: str) -> str:
    """SHA-256 over a module in a folder and those of the folder that it imports; nothing for one
    that is elsewhere, as in an installed package. It is not imported.
    """
    files = _with_imports(root, module) if _file(root, module) else {}
    return hashlib.sha256(_content(root, files.values())).hexdigest() if files else ""


def code_imported(module: str) -> str:
    """As `code_below`, of the folder that this module was imported from."""
    path = Path(getattr(sys.modules[module], "__file__", None) or "")
    above = len(module.split(".")) - (path.stem != "__init__")
    return code_below(path.parents[above], module) if path.is_file() else ""


def _content(root: Path, paths: Iterable[Path]) -> bytes:
    """A line for each file, in their order by name."""
    paths = list(paths)
    for path in paths:
        _refuse_stale(path)
    sums = [(path, hashlib.sha256(_read(path)).hexdigest()) for path in sorted(paths)]
    return "".join(f"{path.relative_to(root).as_posix()} {one}\n" for path, one in sums).encode()


def _refuse_stale(path: Path) -> None:
    """Raise HarnessError where Python would not run what a file says. It keeps compiled code beside
    a file, and takes it for that of the file by size and whole second of change alone.
    """
    loader = SourceFileLoader("it", str(path))
    try:
        is_stale = loader.get_code("it") != loader.source_to_code(_read(path), str(path))
    except (SyntaxError, ValueError) as error:
        raise HarnessError(str(path), f"is no Python: {error}") from error
    if is_stale:
        problem = "was changed, and Python would run it as it was: size and second are the same"
        raise HarnessError(str(path), problem, hint=f"touch {path}")


def _is_of_others(module: str) -> bool:
    """Whether a module is none of Python's, pydantic's, torch's or ours."""
    known = (*sys.stdlib_module_names, "pydantic", "torch", __name__.partition(".")[0])
    return module.partition(".")[0] not in ("", *known) or module == "__main__"


def _root(module: str) -> tuple[Path, str]:
    """The folder on the import path that holds a module, and the package with its version that put
    it there, if one was installed there.
    """
    spec = None
    with suppress(ImportError):  # what a run names as its code may be nowhere
        spec = None if module == "__main__" else find_spec(module)
    file = spec and spec.origin
    if not file or not Path(file).is_file():
        problem = "stands in no file that can be imported, so nothing can be kept of what it does"
        raise HarnessError(module, problem, hint="put the class into a module of the study")
    path = Path(file).resolve()
    depth = len(module.split(".")) - (path.stem != "__init__")
    root = path.parents[depth]
    line = f"{path.relative_to(root).as_posix()},"
    for one in metadata.distributions(path=[str(root)]):
        if any(said.startswith(line) for said in (one.read_text("RECORD") or "").splitlines()):
            return root, f"{one.metadata['Name']} {one.version}"
    return root, ""


def _file(root: Path, module: str) -> Path | None:
    place = root.joinpath(*module.split("."))
    paths = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((path for path in paths if path.is_file()), None)


def _with_imports(root: Path, module: str) -> dict[str, Path]:
    """The files of a module and of all below `root` that it imports, wherever in it, by name.

    Python's `modulefinder` does not know packages without `__init__.py`.
    """
    waiting, files = [*_and_above(module)], dict[str, Path]()
    while waiting:
        name = waiting.pop()
        if name in files or (path := _file(root, name)) is None:
            continue
        _refuse_mistaken(name, path)
        files[name] = path
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        waiting += [part for each in _imports(path, package) for part in _and_above(each)]
    return files


def _refuse_mistaken(module: str, path: Path) -> None:
    """Raise HarnessError where Python has another file for what a module of a study imports: that
    of a study which was in use before, or of a package.
    """
    spec, above = None, module.rpartition(".")[0]
    if not above or above in sys.modules:
        with suppress(ImportError, ValueError):
            spec = find_spec(module)
    file = Path(spec.origin) if spec and spec.has_location and spec.origin else path
    is_of_python = module.partition(".")[0] in sys.stdlib_module_names
    if not is_of_python and file.resolve() != path.resolve():
        hint = "give the module of the study another name, or begin a new process"
        raise HarnessError(module, f"the module is {file}, and not {path}", hint=hint)


def _and_above(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _imports(path: Path, package: str) -> Iterable[str]:
    """Every module that a file names in an import; what it takes from one may be a module, too."""
    try:
        tree = ast.parse(_read(path), str(path))
    except (SyntaxError, ValueError) as error:
        raise HarnessError(str(path), f"is no Python: {error}") from error
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = node.module or ""
            if node.level:
                with suppress(ImportError):  # higher than the package goes: it cannot be imported
                    above = resolve_name("." * node.level + above, package)
            yield above
            yield from (f"{above}.{alias.name}" for alias in node.names)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise HarnessError(str(path), f"cannot be read: {error.strerror or error}") from error
