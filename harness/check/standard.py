"""Which golden values are in force: those of the profile, and never two sets mixed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from harness.check.contents import provenance_of, require_whole
from harness.check.golden import Golden, golden_folder, read_golden, read_table
from harness.errors import Faults, HarnessError
from harness.layout import PUBLISHED
from harness.parts.cifar import is_accepted
from harness.parts.datasets import Dataset
from harness.plan.expand import PlannedExhibit
from harness.spec.exhibit import Exhibit
from harness.spec.profile import Profile, Substitution

PUBLISHED_DATA = {
    "cifar10": "75c1c1062b8ed75b1b7f3509e5ae8a1e85870751dffdae9d1d5073006962c570",
    "cifar100": "44e90c5a33dd110e6c17d0cfa51823e990a7349377e40f37d7c85bc2fb64b82f",
    "cifar10-dvs": "85b00198ad7d67a1b65e86c82dc9be6f5f83e619305e32447215941e9a4227c0",
    "n-caltech101": "0e8c84bf016249f358cf03b1f43df51c60edc281533b7f94909444589ee70b98",
}
"""Data set → SHA-256 of what its `provenance` says where its files are the published ones."""


@dataclass(frozen=True)
class Standard:
    """What the cells are held against. Without `golden`, `why` says why they are not compared.

    `name` is the set in force, whether or not it has a file of this exhibit; `changed` is what the
    user typed, or the profile says, that makes it another measurement; `provenance` says what
    values that were measured here rest on. `is_beside` says that the published values, which are
    not in force, are of the same data: they are no standard for another schedule, but its numbers
    may stand beside them.
    """

    golden: Golden | None
    published: Golden | None
    why: str = ""
    name: str | None = None
    changed: tuple[str, ...] = ()
    is_beside: bool = False
    provenance: Mapping[str, Any] = field(default_factory=dict)


def standard(planned: PlannedExhibit, profile: Profile, folders: Sequence[Path]) -> Standard:
    """What the cells of this exhibit are held against, by the golden `folders` of a study and of
    what it inherits. The published values come along always.

    What does not depend on scale is published at every scale. An exhibit without published numbers,
    as most figures, may still have values measured before, in a file of its own name: contents.toml
    of the set says whether it has.

    Raises:
        Faults: a golden file is wrong, or another than is written down.
    """
    exhibit, index = planned.exhibit, planned.index
    file = exhibit.golden or f"{exhibit.id}.csv"
    name = PUBLISHED if exhibit.at_published_size else profile.golden
    changed = tuple(_changes(planned, name, profile))
    golden = published = None
    why = "the exhibit names no golden values"
    if changed:
        typed = ", ".join(changed)
        why = f"the spec was overridden ({typed}), so it is not held against golden values"
        published = _for_orientation(file, folders, index) if exhibit.golden else None
    elif exhibit.golden is None:
        if name not in (None, PUBLISHED):
            golden = _whole(folders, str(name), file, index)
    else:
        published = _whole(folders, PUBLISHED, file, index)
        why = f"the profile {profile.id} is held against no golden values"
        if name is not None:
            golden = _whole(folders, name, file, index)
            why = f"golden/{name}/ has no {file}"
    rests_on: Mapping[str, Any] = {}
    if golden and golden.name != PUBLISHED:
        rests_on = provenance_of(_place(folders, golden.name, file))
    is_beside = bool(published) and not golden and all(map(_is_published, planned.data))
    return Standard(golden, published, "" if golden else why, name, changed, is_beside, rests_on)


def golden_faults(
    planned: PlannedExhibit, profile: Profile, folders: Sequence[Path]
) -> Iterator[HarnessError]:
    """Every fault in the golden file and the tolerances of an exhibit. IO: reads them."""
    try:
        standard(planned, profile, folders)
    except Faults as several:
        yield from several.faults
    except HarnessError as fault:
        yield fault


def _place(folders: Sequence[Path], name: str, file: str) -> Path:
    return golden_folder(folders, name, file) / name / file


def _whole(folders: Sequence[Path], name: str, file: str, index: Sequence[str]) -> Golden | None:
    """A golden file, with all that contents.toml says of it."""
    golden = read_golden(golden_folder(folders, name, file), name, file, index)
    require_whole(_place(folders, name, file), golden.lines if golden else None)
    return golden


def _changes(planned: PlannedExhibit, golden: str | None, profile: Profile) -> Iterator[str]:
    """What makes it another measurement than the golden values': what the user typed, and of
    published values whatever a profile says that is not published, or other data.

    Other or more seeds measure the same once more, as does the device of the profile, and a file
    with the very bytes of the published weights. A value measured here belongs to the weights that
    it was measured with.
    """
    is_published, brought = golden == PUBLISHED, planned.brought
    for override in planned.overridden:
        part, _, name = override.name.partition(".")
        said = (getattr(profile.numerics, name, None),) if part == "numerics" else ()
        if part != "seed" and override.values != said:
            yield override.where
    if brought and brought.given and not (is_published and brought.are_published):
        yield f"--weights {Path(brought.given.path).name}"
    if not is_published or planned.exhibit.at_published_size:
        return
    if profile.change or profile.substitute != Substitution():
        yield f"profile {profile.id}, which is not the published scale"
    for data in planned.data:
        if not _is_published(data):
            yield "--repacked-data" if is_accepted(data) else f"{data.name}, not as published"


def _is_published(data: Dataset) -> bool:
    """Whether its files are the published ones."""
    return sha256(data.provenance.encode()).hexdigest() == PUBLISHED_DATA.get(data.name)


def _for_orientation(file: str, folders: Sequence[Path], index: Sequence[str]) -> Golden | None:
    """An override may add an axis that the published table has not: then nothing lines up."""
    try:
        folder = golden_folder(folders, PUBLISHED, file)
        return read_golden(folder, PUBLISHED, file, index)
    except HarnessError:
        return None


def keeps_seeds(exhibit: Exhibit, profile: Profile, folders: Sequence[Path]) -> bool:
    """Whether the golden values in force, measured here, have the number of each seed. IO: reads
    the golden file.
    """
    if exhibit.at_published_size or profile.golden in (None, PUBLISHED):
        return False
    file = exhibit.golden or f"{exhibit.id}.csv"
    path = _place(folders, str(profile.golden), file)
    return path.is_file() and "seeds" in read_table(path, f"golden/{profile.golden}/{file}")[0][1]
