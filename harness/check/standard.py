"""Which golden values are in force: those of the profile, and never two sets mixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.check.golden import PUBLISHED, Golden, read_golden
from harness.errors import HarnessError
from harness.plan.expand import PlannedExhibit
from harness.spec.profile import Profile


@dataclass(frozen=True)
class Standard:
    """What the cells are held against. Without `golden`, `why` says why they are not compared.

    `name` is the set in force, whether or not it has a file of this exhibit; `changed` is what the
    user typed that makes it another measurement.
    """

    golden: Golden | None
    published: Golden | None
    why: str = ""
    name: str | None = None
    changed: tuple[str, ...] = ()


def standard(planned: PlannedExhibit, profile: Profile, folder: Path) -> Standard:
    """What the cells of this exhibit are held against. The published values come along always.

    What does not depend on scale is published at every scale. An exhibit without published numbers,
    as most figures, may still have values measured before, in a file of its own name.

    Raises:
        Faults: a golden file is wrong.
    """
    exhibit, index = planned.exhibit, planned.index
    name = PUBLISHED if exhibit.at_published_size else profile.golden
    changed = _changes(planned, name)
    golden = published = None
    why = "the exhibit names no golden values"
    if changed:
        typed = ", ".join(changed)
        why = f"the spec was overridden ({typed}), so it is not held against golden values"
        published = _for_orientation(exhibit.golden, folder, index) if exhibit.golden else None
    elif exhibit.golden is None:
        if name not in (None, PUBLISHED):
            golden = read_golden(folder, str(name), f"{exhibit.id}.csv", index)
    else:
        published = read_golden(folder, PUBLISHED, exhibit.golden, index)
        why = f"the profile {profile.id} is held against no golden values"
        if name is not None:
            golden = read_golden(folder, name, exhibit.golden, index)
            why = f"golden/{name}/ has no {exhibit.golden}"
    return Standard(golden, published, "" if golden else why, name, changed)


def _changes(planned: PlannedExhibit, golden: str | None) -> tuple[str, ...]:
    """Of what the user typed, that which makes it another measurement than the golden values'.

    Other or more seeds measure the same once more, and so does a file with the very bytes of the
    published weights. A value measured here belongs to the weights that it was measured with.
    """
    is_published, brought = golden == PUBLISHED, planned.brought
    typed = [override.where for override in planned.overridden if override.name != "seed"]
    if brought and brought.given and not (is_published and brought.are_published):
        typed.append(f"--weights {Path(brought.given.path).name}")
    return tuple(typed)


def _for_orientation(file: str, folder: Path, index: Sequence[str]) -> Golden | None:
    """An override may add an axis that the published table has not: then nothing lines up."""
    try:
        return read_golden(folder, PUBLISHED, file, index)
    except HarnessError:
        return None


def keeps_seeds(planned: PlannedExhibit, profile: Profile, folder: Path) -> bool:
    """Whether the golden values in force, measured here, have the number of each seed.

    Raises:
        Faults: a golden file is wrong.
    """
    golden = standard(planned, profile, folder).golden
    if golden is None or golden.name == PUBLISHED:
        return False
    return any(cell.seeds for cell in golden.cells)
