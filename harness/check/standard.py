"""Which golden values are in force: those of the profile, and never two sets mixed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.check.golden import PUBLISHED, Golden, read_golden
from harness.check.join import Standard
from harness.errors import HarnessError
from harness.frames.runs import index_columns
from harness.plan.expand import PlannedExhibit
from harness.spec.exhibit import Exhibit
from harness.spec.profile import Profile

OVERRIDDEN = "the spec was overridden ({typed}), so it is not held against golden values"
NO_SET = "the profile {profile} is held against no golden values"
NO_FILE = "golden/{name}/ has no {file}"
NO_GOLDEN = "the exhibit names no golden values"


def golden_set(exhibit: Exhibit, profile: Profile) -> str | None:
    """The folder of golden/ in force. What does not depend on scale is published at every scale."""
    return PUBLISHED if exhibit.scale_free else profile.golden


def changes(planned: PlannedExhibit, golden: str | None) -> tuple[str, ...]:
    """Of what the user typed, that which makes it another measurement than the golden values'.

    Other or more seeds measure the same once more, and so does a file with the very bytes of the
    published weights. A value measured here belongs to the weights that it was measured with.
    """
    is_published, brought = golden == PUBLISHED, planned.brought
    typed = [override.where for override in planned.overridden if override.name != "seed"]
    if brought and brought.given and not (is_published and brought.are_published):
        typed.append(f"--weights {Path(brought.given.path).name}")
    return tuple(typed)


def keeps_seeds(planned: PlannedExhibit, profile: Profile, folder: Path) -> bool:
    """Whether the golden values in force, measured here, have the number of each seed.

    Raises:
        Faults: a golden file is wrong.
    """
    name, exhibit = golden_set(planned.exhibit, profile), planned.exhibit
    changed = changes(planned, name)
    found = standard(exhibit, profile, folder, index_columns(planned), changed).golden
    return found is not None and name != PUBLISHED and any(cell.seeds for cell in found.cells)


def standard(
    exhibit: Exhibit,
    profile: Profile,
    folder: Path,
    index: Sequence[str],
    overridden: Sequence[str],
) -> Standard:
    """What the cells of this exhibit are held against. The published values come along always.

    An exhibit without published numbers, as most figures, may still have values measured before, in
    a file of its own name.

    Raises:
        Faults: a golden file is wrong.
    """
    name = golden_set(exhibit, profile)
    changed = OVERRIDDEN.format(typed=", ".join(overridden)) if overridden else ""
    if exhibit.golden is None:
        measured = None
        if name not in (None, PUBLISHED) and not overridden:
            measured = read_golden(folder, str(name), f"{exhibit.id}.csv", index)
        return Standard(measured, None, "" if measured else changed or NO_GOLDEN)
    if overridden:
        return Standard(None, _for_orientation(exhibit, folder, index), changed)
    published = read_golden(folder, PUBLISHED, exhibit.golden, index)
    if name is None:
        return Standard(None, published, NO_SET.format(profile=profile.id))
    golden = published if name == PUBLISHED else read_golden(folder, name, exhibit.golden, index)
    if golden is None:
        return Standard(None, published, NO_FILE.format(name=name, file=exhibit.golden))
    return Standard(golden, published)


def _for_orientation(exhibit: Exhibit, folder: Path, index: Sequence[str]) -> Golden | None:
    """An override may add an axis that the published table has not: then nothing lines up."""
    try:
        return read_golden(folder, PUBLISHED, str(exhibit.golden), index)
    except HarnessError:
        return None
