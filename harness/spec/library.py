"""All specs of a project, read together. IO here, the checks between files in `crosscheck`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

from harness.errors import Faults, HarnessError
from harness.layout import Layout, refuse_unreadable
from harness.parts.base import suggestion
from harness.spec.blocks import Blocks, read_blocks
from harness.spec.crosscheck import exhibit_faults, profile_faults
from harness.spec.document import Document, read_document
from harness.spec.exhibit import Exhibit
from harness.spec.profile import Profile
from harness.spec.validate import validate


@dataclass(frozen=True)
class Library:
    """Exhibits, profiles and blocks by name; `documents` holds the text behind each exhibit."""

    exhibits: Mapping[str, Exhibit]
    profiles: Mapping[str, Profile]
    blocks: Blocks
    documents: Mapping[str, Document]

    def exhibit(self, name: str) -> Exhibit:
        """The exhibit of this id, or an error that names the nearest one."""
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
        if name not in self.profiles:
            hint = suggestion(name, self.profiles)
            raise HarnessError(f"--profile {name or repr('')}", "no such profile", hint=hint)
        return self.profiles[name]


def load(layout: Layout, *, canary: bool = False) -> Library:
    """Read every spec of the project; with `canary` the runs and the profile of its canary instead
    of the exhibits and profiles.

    Raises:
        HarnessError: a folder may not be read, so that nothing can be said of what is in it.
        Faults: everything that is wrong in any file, each with `file:line`.
    """
    rooms = ("canary",) if canary else ("paper", "lab")
    scales = "canary/profiles" if canary else "profiles"
    for folder in _folders(layout, ("blocks", scales, *rooms)):
        refuse_unreadable(folder, "make it readable for this user")
    faults: list[HarnessError] = []
    shelves = ("blocks", *(f"{room}/blocks" for room in rooms if canary))
    read = {room: _documents(layout, room, faults) for room in (*shelves, scales, *rooms)}
    blocks, *own = (
        read_blocks({document.path.stem: document for document in read[room]}, faults)
        for room in shelves
    )
    for more in own:
        blocks = blocks.with_those_of(more)
    known = None if faults else blocks  # a name may be unknown only because its file is broken
    profiles, _ = _models(Profile, read[scales], faults)
    exhibits, documents = _models(
        Exhibit, tuple(one for room in rooms for one in read[room]), faults
    )
    for document in read[scales]:
        if known and (profile := profiles.get(document.path.stem)):
            faults += profile_faults(profile, document, known)
    for name, exhibit in exhibits.items():
        faults += exhibit_faults(exhibit, documents[name], known, layout)
    if faults:
        raise Faults(faults)
    return Library(exhibits, profiles, blocks, documents)


def _folders(layout: Layout, rooms: Sequence[str]) -> Iterator[Path]:
    yield from (layout.specs, *(layout.specs / room for room in rooms))
    yield from (layout.project / "paper_figures", layout.golden)
    yield from (path for path in layout.golden.glob("*") if path.is_dir())


def _documents(layout: Layout, room: str, faults: list[HarnessError]) -> list[Document]:
    found = []
    for path in sorted((layout.specs / room).glob("[!.]*.toml")):
        try:
            if not path.resolve().is_relative_to(layout.project.resolve()):
                raise HarnessError(layout.shown(path), "is a link that leads out of the project")
            found.append(_with_lists(read_document(path, layout.shown(path))))
        except Faults as several:
            faults += several.faults
        except HarnessError as fault:
            faults.append(fault)
    return found


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
    model: Any, documents: tuple[Document, ...] | list[Document], faults: list[HarnessError]
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
        faults += wrong
        if not wrong:
            made[one.id], origin[one.id] = one, document
    return made, origin
