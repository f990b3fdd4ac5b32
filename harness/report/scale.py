"""What the trainings behind a number are, beside those of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from harness.errors import HarnessError
from harness.layout import PUBLISHED
from harness.measures.base import Training
from harness.plan.expand import PlannedExhibit, expand
from harness.plan.resolve import Setting
from harness.report import wording
from harness.report.wording import Fact
from harness.spec.library import Library

FEW = 4  # names that are listed one by one


@dataclass(frozen=True)
class Scale:
    """What the trainings behind a claim are, each value once."""

    data: tuple[str, ...]
    epochs: tuple[str, ...]
    networks: tuple[str, ...]
    channels: tuple[str, ...]  # of the first layer, which profiles change, too
    seeds: tuple[str, ...]

    def beside(self, published: Scale | None) -> Iterator[Fact]:
        """Each of these beside what the document has; the seeds alone, since it names none."""
        for name, here in asdict(self).items():
            there = asdict(published)[name] if published else here
            if name == "seeds":
                which = "seed" if len(here) == 1 else "seeds"
                yield Fact(name, f"{len(here)} ({which} {wording.listed(here)})")
            elif here:
                as_published = ", as published" if published else ""
                other = f" instead of {_names(there)}" if {*here} != {*there} else as_published
                yield Fact(name, _names(here) + other)


def scale_of(planned: PlannedExhibit) -> Scale:
    """The scale of a planned exhibit."""
    trainings = [training for point in planned.points for training in point.trainings]
    return Scale(
        data=_each(data.name for data in planned.data),
        epochs=_each(one.recipe.epochs for one in trainings if one.kind == Training.kind),
        networks=_each(training.network.label for training in trainings),
        channels=_each(_channels(training) for training in trainings),
        seeds=_each(point.seed for point in planned.points),
    )


def _channels(training: Training) -> int | None:
    channels: int | None = getattr(training.network, "base_width", None)
    return channels


def published_scale(name: str, library: Library) -> Scale | None:
    """The scale of an exhibit under the profile whose golden values are the published ones."""
    for profile in library.profiles.values():
        if profile.golden == PUBLISHED:
            try:
                plan = expand(library, (name,), Setting(library.blocks, profile))
            except HarnessError:  # of a block that this report does not need
                return None
            return scale_of(plan.exhibits[0])
    return None


def _each(values: Iterable[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(value) for value in values if value is not None))


def together(scales: Iterable[Scale]) -> Scale:
    """That of several exhibits."""
    every = [asdict(one) for one in scales]
    return Scale(**{
        name: _each(value for one in every for value in one[name])
        for name in Scale.__dataclass_fields__
    })  # fmt: skip


def _names(values: Sequence[str]) -> str:
    return wording.listed(values) if len(values) <= FEW else str(len(values))
