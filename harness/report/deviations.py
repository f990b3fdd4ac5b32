"""Where the sources differ, collected from the blocks that the runs of an exhibit are made of."""

from __future__ import annotations

from collections.abc import Iterator

from harness.parts.base import Deviation
from harness.plan.expand import PlannedExhibit
from harness.report.view import DeviationView
from harness.spec.blocks import Blocks
from harness.spec.profile import Profile


def deviations(
    planned: PlannedExhibit, blocks: Blocks, profile: Profile
) -> tuple[DeviationView, ...]:
    """Each deviation once, of those parts of a run that the measure uses."""
    found = dict.fromkeys(_all(planned, blocks, profile))
    return tuple(
        DeviationView(one.setting, one.paper, one.code, one.follows, one.reason) for one in found
    )


def _all(planned: PlannedExhibit, blocks: Blocks, profile: Profile) -> Iterator[Deviation]:
    measures = planned.exhibit.measure
    for part in ("network", "neuron", "dataset"):
        for point in planned.points:
            if part in point.measure.needs:
                for training in point.trainings:
                    yield from getattr(training, part).deviations
    for measure in measures:
        for part, name in measure.blocks.items():
            yield from getattr(blocks, part)[name].deviations
    if not any("recipe" in measure.needs for measure in measures):
        return
    for name in _recipes(planned):
        used = (
            name if planned.exhibit.at_published_size else profile.substitute.recipe.get(name, name)
        )
        yield from blocks.recipe[used].deviations


def _recipes(planned: PlannedExhibit) -> tuple[str, ...]:
    """The recipe blocks that the exhibit names; a run holds their values and not their names."""
    fixed = planned.exhibit.fixed.axes()
    if "recipe" in fixed:
        return (str(fixed["recipe"]),)
    named = (grid.axes().get("recipe", ()) for grid in planned.exhibit.grid)
    return tuple(dict.fromkeys(str(name) for names in named for name in names))
