"""All specs of a project, read together. IO here, the checks between files in `crosscheck`."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from harness.errors import Faults, HarnessError
from harness.layout import Layout, refuse_unreadable, study_path
from harness.parts.base import suggestion
from harness.spec.blocks import Blocks, Broken, read_blocks
from harness.spec.crosscheck import exhibit_faults, profile_faults
from harness.spec.document import Document, read_document
from harness.spec.exhibit import Exhibit
from harness.spec.profile import Profile
from harness.spec.validate import validate

_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Library:
    """Exhibits, profiles and blocks by name; `documents` holds the text behind each exhibit.
    `broken` has what is wrong with a spec that is none of them, by the stem of its file: it blocks
    nobody who does not ask for it.
    """

    exhibits: Mapping[str, Exhibit]
    profiles: Mapping[str, Profile]
    blocks: Blocks
    documents: Mapping[str, Document]
    broken: Mapping[str, tuple[HarnessError, ...]] = field(default_factory=dict)

    def require_whole(self) -> None:
        """Raise Faults with everything that is wrong in any file, each once."""
        faults = [*self.blocks.faults(), *itertools.chain(*self.broken.values())]
        if faults:
            raise Faults(list({str(fault): fault for fault in faults}.values()))

    def named(self, names: Sequence[str]) -> tuple[str, ...]:
        """The ids that are meant: `table*` is each that is called so, `all` or nothing every one.

        Raises:
            Faults: all are meant, and something in any file is wrong.
            HarnessError: none is called so.
        """
        if not names or "all" in names:
            self.require_whole()
            return tuple(self.exhibits)
        found: list[str] = []
        for name in names:
            if not _PATTERN.search(name):
                found.append(name)
            elif like := fnmatch.filter([*self.exhibits, *self.broken], name):
                found += like
            else:
                raise HarnessError(name, "no exhibit is called so", hint="harness list shows them")
        return tuple(dict.fromkeys(found))

    def exhibit(self, name: str) -> Exhibit:
        """The exhibit of this id, or an error that names the nearest one.

        Raises:
            Faults: its spec, or a block that it needs, is broken.
        """
        if name in self.broken and name not in self.exhibits:
            raise Faults(list(self.broken[name]))
        if name not in self.exhibits:
            raise HarnessError(name or "''", "no such exhibit", hint=self._near(name))
        return self.exhibits[name]

    def _near(self, name: str) -> str:
        """What was meant: several names at once, the file of an exhibit, or a slip of the keys."""
        several = [one for one in re.split(r"[\s,;]+", name) if one in self.exhibits]
        if len(several) > 1:
            return f"names stand apart: {' '.join(several)}"
        stem = PurePath(name).stem
        if stem in self.exhibits:
            return f"did you mean '{stem}'?"
        return suggestion(name, self.exhibits) or "harness list shows them"

    def profile(self, name: str) -> Profile:
        """The profile of this id, or an error that names the nearest one."""
        if name in self.broken and name not in self.profiles:
            raise Faults(list(self.broken[name]))
        if name not in self.profiles:
            hint = suggestion(name, self.profiles)
            raise HarnessError(f"--profile {name or repr('')}", "no such profile", hint=hint)
        return self.profiles[name]


def load(layout: Layout, *, canary: bool = False) -> Library:
    """Every spec of the project, as `read`.

    Raises:
        HarnessError: a folder may not be read, so that nothing can be said of what is in it.
        Faults: everything that is wrong in any file, each with `file:line`.
    """
    library = read(layout, canary=canary)
    library.require_whole()
    return library


def read(layout: Layout, *, canary: bool = False) -> Library:
    """The specs of the project, less what is broken; with `canary` the runs and the profile of its
    canary instead of the exhibits and profiles.

    Raises:
        HarnessError: a folder may not be read, so that nothing can be said of what is in it.
    """
    study_path(layout.project)
    rooms = ("canary",) if canary else ("paper", "lab")
    scales = "canary/profiles" if canary else "profiles"
    for folder in _folders(layout, ("blocks", scales, *rooms)):
        refuse_unreadable(folder, "make it readable for this user")
    blocks, *own = (
        read_blocks({one.path.stem: one for one in documents}, unread)
        for documents, unread in (
            _documents(layout, room)
            for room in ("blocks", *(f"{room}/blocks" for room in rooms if canary))
        )
    )
    for more in own:
        blocks = blocks.with_those_of(more)
    found, broken = _documents(layout, scales)
    profiles, profile_files = _models(Profile, found, broken)
    for name in list(profiles):
        _drop(profiles, name, profile_faults(profiles[name], profile_files[name], blocks), broken)
    read_rooms = [_documents(layout, room) for room in rooms]
    for _, unread in read_rooms:
        broken |= unread
    texts = [one for found, _ in read_rooms for one in found]
    exhibits, documents = _models(Exhibit, texts, broken)
    for name in list(exhibits):
        _drop(
            exhibits, name, exhibit_faults(exhibits[name], documents[name], blocks, layout), broken
        )
    return Library(exhibits, profiles, blocks, documents, broken)


def _drop(
    models: dict[str, Any], name: str, faults: Iterable[HarnessError], broken: Broken
) -> None:
    """Put a spec that points at what is not there to the broken ones."""
    if wrong := tuple(faults):
        del models[name]
        broken[name] = wrong


def _folders(layout: Layout, rooms: Sequence[str]) -> Iterator[Path]:
    yield from (layout.specs, *(layout.specs / room for room in rooms))
    yield from (layout.project / "paper_figures", layout.golden)
    yield from (path for path in layout.golden.glob("*") if path.is_dir())


def _documents(layout: Layout, room: str) -> tuple[list[Document], Broken]:
    """The documents of a folder; and what is wrong with the others."""
    found, unread = [], {}
    for path in sorted((layout.specs / room).glob("[!.]*.toml")):
        try:
            if not path.resolve().is_relative_to(layout.project.resolve()):
                raise HarnessError(layout.shown(path), "is a link that leads out of the project")
            found.append(_with_lists(read_document(path, layout.shown(path))))
        except Faults as several:
            unread[path.stem] = tuple(several.faults)
        except HarnessError as fault:
            unread[path.stem] = (fault,)
    return found, unread


def _with_lists(document: Document) -> Document:
    """`[grid]` is short for a single `[[grid]]`, and `[measure]` for a single `[[measure]]`."""
    for name in ("grid", "measure"):
        if not isinstance(document.data.get(name), dict):
            continue
        lines = {
            ((name, 0, *path[1:]) if path[0] == name and len(path) > 1 else path): line
            for path, line in document.lines.items()
        }
        data = {**document.data, name: [document.data[name]]}
        document = replace(document, data=data, lines=lines)
    return document


def _models(
    model: Any, documents: Iterable[Document], broken: Broken
) -> tuple[dict[str, Any], dict[str, Document]]:
    """The exhibits or profiles of these files, less what is wrong, misnamed or there twice."""
    made: dict[str, Any] = {}
    origin: dict[str, Document] = {}
    for document in documents:
        one, wrong = validate(model, document.data, document)
        if one is not None and one.id in made:
            other = origin[one.id].shown
            wrong = [document.fault(("id",), f"{one.id!r} is the id of {other} too")]
        elif one is not None and one.id != document.path.stem:
            problem = f"{one.id!r} stands in {document.path.name}"
            wrong = [document.fault(("id",), problem, f"name the file {one.id}.toml")]
        if wrong:
            broken[document.path.stem] = (*broken.get(document.path.stem, ()), *wrong)
        else:
            made[one.id], origin[one.id] = one, document
    return made, origin
