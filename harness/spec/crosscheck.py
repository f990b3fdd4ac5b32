"""What one file says of another: names of blocks, golden files, drawings and axes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial

from harness.errors import HarnessError
from harness.layout import PUBLISHED, Layout
from harness.measures.base import MEASURED, Measure
from harness.parts.base import suggestion
from harness.parts.components import require_module
from harness.parts.given import Given
from harness.spec.blocks import Blocks, Shelf
from harness.spec.claim.predicate import listed
from harness.spec.document import Document, read_document
from harness.spec.exhibit import BLOCK_AXES, Exhibit, level_of, same_level
from harness.spec.lines import Path
from harness.spec.parts import fields_of
from harness.spec.profile import Profile

CHANGED = ("network", "neuron", "dataset", "recipe", *MEASURED)
"""The parts of a run that a profile may change; its numerics it states itself."""


def profile_faults(profile: Profile, document: Document, blocks: Blocks) -> Iterable[HarnessError]:
    """Substitutes that are no blocks, and changes of what is no part of a run."""
    for kind in ("dataset", "recipe"):
        shelf: Shelf[object] = getattr(blocks, kind)
        for published, used in getattr(profile.substitute, kind).items():
            place = partial(document.fault, ("substitute", kind, published))
            for name in (published, used):
                yield from shelf.faults(name, place)
    for part, fields in profile.change.items():
        if part not in CHANGED:
            yield document.fault(("change", part), "is no part of a run", suggestion(part, CHANGED))
            continue
        for name in fields:
            if name not in fields_of(part):
                problem = f"no {part} has such a field"
                hint = suggestion(name, fields_of(part))
                yield document.fault(("change", part, name), problem, hint)


def exhibit_faults(
    exhibit: Exhibit,
    document: Document,
    blocks: Blocks,
    sources: Collection[str],
    layout: Layout,
) -> Iterable[HarnessError]:
    """Everything in an exhibit that points at something which is not there."""
    if (source := exhibit.source.document) not in sources:
        hint = suggestion(source, sources)
        if not hint.startswith("did you mean"):
            hint = f"study.toml declares it: [documents.{source}]; {hint}"
        problem = f"no document is called {source!r}"
        yield document.fault(("source", "document"), problem, hint)
    yield from _unknown_blocks(exhibit, document, blocks)
    yield from _unknown_axes(exhibit, document)
    yield from _unknown_quantities(exhibit, document)
    yield from _missing_files(exhibit, document, layout)


def _unknown_quantities(exhibit: Exhibit, document: Document) -> Iterable[HarnessError]:
    """What is derived from, or claimed of, numbers that no measure of the exhibit gives."""
    derived = {one.quantity for one in exhibit.derive}
    measured = dict.fromkeys(name for one in exhibit.measure for name in one.quantities)
    for index, one in enumerate(exhibit.derive):
        at: Path = ("derive", index, "of")
        if one.of in derived:
            yield document.fault(at, f"{one.of!r} is derived itself")
        elif one.of not in measured:
            yield document.fault(at, _no_such(one.of), suggestion(one.of, measured))
    known = {*measured, *derived}
    for index, claim in enumerate(exhibit.claim):
        for field, name in zip(("quantity", "other"), claim.test.quantities(), strict=False):
            if name not in known:
                at = ("claim", index, "test", field)
                yield document.fault(at, _no_such(name), suggestion(name, known))


def _no_such(quantity: str) -> str:
    return f"no measure of this exhibit gives {quantity!r}"


def _missing_files(exhibit: Exhibit, document: Document, layout: Layout) -> Iterable[HarnessError]:
    golden = {path.name for one in layout.goldens for path in one.glob("*/[!.]*.csv")}
    if exhibit.golden and exhibit.golden not in golden | _written_down(layout):
        problem = f"no folder of golden/ holds {exhibit.golden!r}"
        hint = suggestion(exhibit.golden, golden)
        if exhibit.golden == f"{exhibit.id}.csv":  # where measured values are looked for anyway
            hint = f"leave it out, then harness golden {exhibit.id} measures values to be held to"
            hint += f"; published ones would stand in golden/{PUBLISHED}/{exhibit.golden}"
        yield document.fault(("golden",), problem, hint)
    if exhibit.figure and ":" in exhibit.figure:
        try:
            require_module(exhibit.figure.partition(":")[0])
        except HarnessError as fault:
            yield document.fault(("figure",), fault.problem, fault.hint)
        return
    drawings = [path for one in layout.drawings for path in sorted(one.glob("[a-zA-Z]*.py"))]
    asked = [path for path in drawings if path.stem == exhibit.figure]
    if exhibit.figure and not asked:
        problem = f"neither figures/ of the study nor paper_figures has {exhibit.figure}.py"
        hint = suggestion(exhibit.figure, {path.stem for path in drawings})
        yield document.fault(("figure",), problem, hint)
    if len(asked) > 1:
        own, other = map(layout.shown, asked)
        problem = f"{exhibit.figure!r} is {own} and {other}"
        yield document.fault(("figure",), problem, "give the study's own another name")


def _written_down(layout: Layout) -> set[str]:
    """The golden files that ought to be there: one that is gone is no fault of the spec, and what
    holds an exhibit against it says so.
    """
    found: set[str] = set()
    for path in (path for one in layout.goldens for path in one.glob("*/contents.toml")):
        with suppress(HarnessError):  # whoever uses the set says what is wrong there
            found |= read_document(path, path.name).data.keys()
    return found


def _unknown_axes(exhibit: Exhibit, document: Document) -> Iterable[HarnessError]:
    known = (*exhibit.varied(), *exhibit.added())
    for index, one in enumerate(exhibit.derive):
        if one.over not in known:
            problem = f"neither the grid varies nor the measure adds {one.over!r}"
            yield document.fault(("derive", index, "over"), problem, suggestion(one.over, known))
        for side in ("minuend", "subtrahend", "dividend", "divisor"):
            at: Path = ("derive", index, side)
            yield from _absent_level(exhibit, document, at, one.over, getattr(one, side))
    for index, claim in enumerate(exhibit.claim):
        at = ("claim", index, "test")
        along = [((*at, "along"), axis) for axis in claim.test.axes()]
        for path, axis in along + [((*at, f, axis), axis) for f, axis, _ in claim.test.held()]:
            if axis not in known:
                problem = f"neither the grid varies nor the measure adds {axis!r}"
                yield document.fault(path, problem, suggestion(axis, known))
        for field, axis, wanted in claim.test.held():
            for level in listed(wanted):
                yield from _absent_level(exhibit, document, (*at, field, axis), axis, level)


def _absent_level(
    exhibit: Exhibit, document: Document, at: Path, axis: str, level: object
) -> Iterable[HarnessError]:
    """That no grid has this level, or no measure that adds the axis, if one is named; nothing is
    known of those that a measure tells when it is run, or that a block or a profile sets where a
    grid leaves the axis alone.
    """
    adding = [one for one in exhibit.measure if axis in one.index]
    there: list[Sequence[object] | None] = [one.known_levels.get(axis) for one in adding]
    there = there or [grid.axes().get(axis) for grid in exhibit.grid]
    if level == "" or not all(there):
        return
    known = dict.fromkeys(level_of(axis, one) for values in there for one in values or ())
    if not any(same_level(level_of(axis, level), one) for one in known):
        problem = f"no {'measure' if adding else 'grid'} has the level {level!r} of {axis!r}"
        hint = suggestion(str(level), map(str, known))
        yield document.fault(at, problem, hint)


def _needs(measure: Measure, kind: str, names: Iterable[str], blocks: Blocks) -> bool:
    """Whether the points must name a block of this kind: a measure may name its neurons and
    networks itself, and networks that were trained elsewhere have neither recipe nor neuron.
    """
    sides = [side.network for side in measure.sides]
    if kind in ("neuron", "network") and all(getattr(side, kind) for side in measure.sides):
        return False
    shown = {*names} if None in sides else set()
    shown |= {name for name in sides if name}
    found = [blocks.network.blocks.get(name) for name in shown]
    if kind in ("neuron", "recipe") and found:
        # of a block that is broken, which is told, nobody knows what it needs
        return kind in measure.needs and not all(isinstance(one, Given | None) for one in found)
    return kind in measure.needs


def _unknown_blocks(exhibit: Exhibit, document: Document, blocks: Blocks) -> Iterable[HarnessError]:
    fixed = exhibit.fixed.axes()
    for kind in BLOCK_AXES:
        shelf: Shelf[object] = getattr(blocks, kind)
        named: list[tuple[Path, object]] = []
        if kind in fixed:
            named.append((("fixed", kind), fixed[kind]))
        for index, grid in enumerate(exhibit.grid):
            values = grid.axes().get(kind, ())
            named += [(("grid", index, kind), name) for name in values]
            networks = grid.axes().get("network", [fixed["network"]] if "network" in fixed else [])
            needed = (_needs(one, kind, networks, blocks) for one in exhibit.measure)
            if not values and kind not in fixed and any(needed):
                hint = "add it here or under [fixed]"
                yield document.fault(("grid", index), f"names no {kind}", hint)
        if kind in ("neuron", "network"):
            named += [
                (("measure", index), getattr(side, kind))
                for index, measure in enumerate(exhibit.measure)
                for side in measure.sides
                if getattr(side, kind)
            ]
        for path, name in named:
            yield from shelf.faults(str(name), partial(document.fault, path))
    for index, measure in enumerate(exhibit.measure):
        for part, names in measure.blocks.items():
            if part in fixed or all(part in grid.axes() for grid in exhibit.grid):
                continue  # which takes its place
            shelf = getattr(blocks, part)
            for name in names:
                yield from shelf.faults(name, partial(document.fault, ("measure", index, part)))
