"""All specs of a study, read together with those that it inherits. IO here, the checks between
files in `crosscheck`.
"""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from harness.errors import Faults, HarnessError
from harness.layout import PACKED, PUBLISHED, Layout, refuse_unreadable, spec_files, study_path
from harness.parts.base import suggestion
from harness.spec.blocks import Blocks, Broken, read_blocks
from harness.spec.crosscheck import exhibit_faults, profile_faults
from harness.spec.document import Document, read_document
from harness.spec.exhibit import Exhibit
from harness.spec.profile import Profile
from harness.spec.repeats import with_repeats
from harness.spec.study import Study, read_study
from harness.spec.validate import validate

_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Library:
    """A study with its exhibits, profiles and blocks by name, those that it inherits among them;
    `documents` holds the text behind each exhibit. `broken` has what is wrong with a spec that is
    none of them, by the stem of its file: it blocks nobody who does not ask for it.
    """

    study: Study
    exhibits: Mapping[str, Exhibit]
    profiles: Mapping[str, Profile]
    blocks: Blocks
    documents: Mapping[str, Document]
    broken: Mapping[str, tuple[HarnessError, ...]] = field(default_factory=dict)
    published: frozenset[str] = frozenset()  # the documents of which published values are held

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
    """The specs of the study, less what is broken; with `canary` the runs and the profile of the
    canary instead of the exhibits and profiles. The study's folder is on the import path from then
    on.

    Raises:
        HarnessError: study.toml is wrong, or a folder may not be read, so that nothing can be said
            of what is in it.
    """
    study_path(layout.project)
    study = read_study(layout)
    studies = layout.folders[::-1]  # what is inherited comes first
    for folder in _folders(studies):
        refuse_unreadable(folder, "make it readable for this user")
    rooms = [one / "specs/canary" if canary else one / "specs" for one in studies]
    shelves = [one / "specs/blocks" for one in studies]
    shelves += [one / "blocks" for one in rooms if canary]
    blocks = read_blocks([_documents(layout, _toml(one)) for one in shelves])
    scales = (path for one in rooms for path in _toml(one / "profiles"))
    found, broken = _documents(layout, scales)
    profiles, profile_files = _models(Profile, found, broken)
    for name, profile in list(profiles.items()):
        _drop(profiles, name, profile_faults(profile, profile_files[name], blocks), broken)
    files = map(_toml, rooms) if canary else map(spec_files, studies)
    texts, unread = _documents(layout, itertools.chain(*files))
    texts, astray = with_repeats(texts)
    broken = _both(_both(broken, unread), astray)
    exhibits, documents = _models(Exhibit, texts, broken)
    for name, exhibit in list(exhibits.items()):
        faults = exhibit_faults(exhibit, documents[name], blocks, study.documents, layout)
        _drop(exhibits, name, faults, broken)
    order = list(study.documents)  # as study.toml declares them, whatever the folders are called
    ordered = sorted(exhibits.items(), key=lambda one: order.index(one[1].source.document))
    return Library(
        study, dict(ordered), profiles, blocks, documents, broken, _published(exhibits, layout)
    )


def _published(exhibits: Mapping[str, Exhibit], layout: Layout) -> frozenset[str]:
    printed = {path.name for one in layout.goldens for path in (one / PUBLISHED).glob("*.csv")}
    return frozenset(one.source.document for one in exhibits.values() if one.golden in printed)


def _toml(folder: Path) -> list[Path]:
    return sorted(folder.glob("[!.]*.toml"))


def _both(broken: Broken, more: Broken) -> Broken:
    """What is wrong by the stems of files, of which two may be the same."""
    return {one: (*broken.get(one, ()), *more.get(one, ())) for one in {**broken, **more}}


def _drop(
    models: dict[str, Any], name: str, faults: Iterable[HarnessError], broken: Broken
) -> None:
    """Put a spec that points at what is not there to the broken ones."""
    if wrong := tuple(faults):
        del models[name]
        broken[name] = wrong


def _folders(studies: Sequence[Path]) -> Iterator[Path]:
    """Where something of a study is read, exhibits apart."""
    for study in studies:
        yield from (study / "specs", study / "specs/blocks", study / "specs/profiles")
        yield from (study / "figures", study / "golden")
        yield from (path for path in study.glob("golden/*") if path.is_dir())


def _documents(layout: Layout, paths: Iterable[Path]) -> tuple[list[Document], Broken]:
    """The documents of these files; and what is wrong with the others."""
    found: list[Document] = []
    unread: Broken = {}
    for path in paths:
        try:
            _refuse_link(path, layout)
            found.append(_with_lists(read_document(path, layout.shown(path))))
        except Faults as several:
            unread = _both(unread, {path.stem: tuple(several.faults)})
        except HarnessError as fault:
            unread = _both(unread, {path.stem: (fault,)})
    return found, unread


def _refuse_link(path: Path, layout: Layout) -> None:
    """Raise HarnessError for a link to elsewhere; what is installed may consist of links."""
    place = path.resolve()
    if not path.is_relative_to(PACKED) and not any(map(place.is_relative_to, layout.folders)):
        raise HarnessError(layout.shown(path), "is a link that leads out of the project")


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
    """The exhibits or profiles of these files, less what is wrong or misnamed, and each id that
    two files have.
    """
    made: dict[str, Any] = {}
    origin: dict[str, Document] = {}
    twice: set[str] = set()
    for document in documents:
        one, wrong = validate(model, document.data, document)
        if one is not None and one.id != document.path.stem:
            problem = f"{one.id!r} stands in {document.path.name}"
            wrong = [document.fault(("id",), problem, f"name the file {one.id}.toml")]
        elif one is not None and one.id in made:
            twice.add(one.id)
            other = origin[one.id].shown
            wrong = [document.fault(("id",), f"{one.id!r} is the id of {other} too")]
        if wrong:
            broken[document.path.stem] = (*broken.get(document.path.stem, ()), *wrong)
        else:
            made[one.id], origin[one.id] = one, document
    return {name: one for name, one in made.items() if name not in twice}, origin
