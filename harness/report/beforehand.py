"""What would fail only after the runs, looked at before the first of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import paper_figures
from harness.check.standard import standard
from harness.errors import Faults, HarnessError
from harness.plan.expand import Plan, PlannedExhibit
from harness.spec.profile import Profile


def faults_beforehand(plan: Plan, profile: Profile, golden: Path) -> Iterator[HarnessError]:
    """Every fault in the golden files and tolerances of these exhibits, and in their drawings.

    IO: reads golden files, imports drawings and matplotlib.
    """
    for planned in plan.exhibits:
        yield from golden_faults(planned, profile, golden)
    for name in dict.fromkeys(one.exhibit.figure for one in plan.exhibits):
        if name and (problem := _undrawable(name)):
            yield HarnessError(f"paper_figures/{name}.py", problem)


def golden_faults(
    planned: PlannedExhibit, profile: Profile, golden: Path
) -> Iterator[HarnessError]:
    """Every fault in the golden file and the tolerances of an exhibit. IO: reads them."""
    try:
        standard(planned, profile, golden)
    except Faults as several:
        yield from several.faults
    except HarnessError as fault:
        yield fault


def _undrawable(name: str) -> str:
    """Why the drawing cannot be imported; '' where it can, or where its settings are at fault."""
    try:
        paper_figures.drawing(name)
    except (LookupError, ImportError, SyntaxError, NameError, TypeError) as error:
        return f"cannot be imported: {type(error).__name__}: {error}"
    except Exception:  # a user's matplotlibrc, say: told in the report, which has the numbers
        return ""
    return ""
