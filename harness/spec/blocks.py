"""Named blocks: the pieces of a run that exhibits and profiles refer to by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from harness.errors import HarnessError
from harness.parts.attacks import Attack
from harness.parts.base import Deviation, suggestion
from harness.parts.datasets import Dataset
from harness.parts.measurement import ActivationMaximisation, Cka
from harness.parts.networks import Network
from harness.parts.neurons import Neuron
from harness.parts.probes import Probe
from harness.parts.recipe import Recipe
from harness.parts.regressions import Regression
from harness.spec.document import Document
from harness.spec.parts import BLOCKS
from harness.spec.validate import validate

Block = TypeVar("Block")


@dataclass(frozen=True)
class Recipes:
    """One recipe name: the variant of ANNs, that of SNNs, and what both depart from."""

    ann: Recipe
    snn: Recipe
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True)
class Shelf(Generic[Block]):
    """The blocks of one kind, by name; `noun` is how a message calls one of them, and `bases` says
    from which block another one departs. `broken` has what is wrong with those that are none, by
    name, and under '' with their whole file.
    """

    noun: str
    blocks: dict[str, Block]
    bases: dict[str, str]
    broken: dict[str, tuple[HarnessError, ...]]

    def faults(self, name: str, at: Callable[[str, str], HarnessError]) -> Iterator[HarnessError]:
        """Why there is no block of this name, if there is none; `at` puts a problem and a hint to
        the place that names it.
        """
        if name not in self.blocks:
            problem = f"no {self.noun} block is called {name!r}"
            unknown = at(problem, suggestion(name, {**self.blocks, **self.broken}))
            yield from self.broken.get(name) or self.broken.get("") or (unknown,)

    def __getitem__(self, name: str) -> Block:
        return self.blocks[name]


@dataclass(frozen=True)
class Blocks:
    """All named blocks of a project."""

    network: Shelf[Network]
    neuron: Shelf[Neuron]
    dataset: Shelf[Dataset]
    recipe: Shelf[Recipes]
    cka: Shelf[Cka]
    attack: Shelf[Attack]
    probe: Shelf[Probe]
    regression: Shelf[Regression]
    activation_maximisation: Shelf[ActivationMaximisation]

    def faults(self) -> Iterator[HarnessError]:
        """Everything that is wrong in their files."""
        for one in fields(self):
            for faults in getattr(self, one.name).broken.values():
                yield from faults


Broken = dict[str, tuple[HarnessError, ...]]


def read_blocks(layers: Sequence[tuple[Iterable[Document], Broken]]) -> Blocks:
    """Blocks from the documents of folders, one per kind (`networks.toml`, …), each with what is
    wrong with those that could not be read. A block may depart from one of a folder before its own;
    what two folders have is none in either.
    """

    def shelf(noun: str, kind: str, model: Any) -> Shelf[Any]:
        made = Shelf[Any](noun, {}, {}, {})
        known: dict[str, Any] = {}
        origin: dict[str, str] = {}
        for documents, unread in layers:
            if kind in unread:
                made.broken[""] = unread[kind]
            for document in (one for one in documents if one.path.stem == kind):
                tables, broken = _tables(document, known)
                read = _recipes if model is Recipe else _models
                made.blocks.update(read(document, tables, model, broken))
                bases = {name: _base_of(document.data, name) for name in tables}
                made.bases.update({name: base for name, base in bases.items() if base is not None})
                for name in origin.keys() & document.data.keys():
                    problem, hint = f"is a block of {origin[name]} too", "give it another name"
                    broken[name] = (document.fault((name,), problem, hint),)
                    made.blocks.pop(name, None)
                made.broken.update(broken)
                known |= document.data
                origin |= dict.fromkeys(document.data, document.shown)
        return made

    return Blocks(**{part: shelf(part, *said) for part, said in BLOCKS.items()})


Tables = Mapping[str, dict[str, Any]]


def _models(document: Document, tables: Tables, model: Any, broken: Broken) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, table in tables.items():
        block, wrong = validate(model, table, document, (name,))
        if wrong:
            broken[name] = tuple(wrong)
        else:
            found[name] = block
    return found


def _recipes(document: Document, tables: Tables, model: Any, broken: Broken) -> dict[str, Recipes]:
    """`[name]` holds what both share, `[name.ann]` and `[name.snn]` what one gets on top."""
    found: dict[str, Recipes] = {}
    for name, table in tables.items():
        shared = {k: v for k, v in table.items() if k not in ("ann", "snn", "deviations")}
        noted, wrong = validate(
            tuple[Deviation, ...], table.get("deviations", []), document, (name, "deviations")
        )
        variants = {}
        for variant in ("ann", "snn"):
            recipe, more = _variant(document, name, variant, shared, table.get(variant, {}))
            variants[variant] = recipe
            wrong += [fault for fault in more if str(fault) not in map(str, wrong)]
        if wrong:
            broken[name] = tuple(wrong)
        else:
            found[name] = Recipes(variants["ann"], variants["snn"], noted)
    return found


def _variant(
    document: Document, name: str, variant: str, shared: dict[str, Any], own: Any
) -> tuple[Any, list[HarnessError]]:
    if not isinstance(own, dict):
        return None, [document.fault((name, variant), "must be a table of recipe fields")]
    lines = dict(document.lines)
    for key in own:
        lines[(name, key)] = lines.get((name, variant, key), lines.get((name, variant), 1))
    place = Document(document.path, document.shown, document.data, lines)
    return validate(Recipe, {**shared, **own}, place, (name,))


def _tables(
    document: Document, inherited: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], Broken]:
    """The tables of a block file, each merged over the one that its `base` names, there or among
    those inherited; and what is wrong with the others.
    """
    tables: dict[str, dict[str, Any]] = {}
    broken: Broken = {}
    known = {**inherited, **document.data}
    for name, table in document.data.items():
        if not isinstance(table, dict):
            said = "must be a table: a block has a name and fields"
            broken[name] = (document.fault((name,), said),)
            continue
        base = table.get("base")
        if wrong := _base_fault(document, known, name, base):
            broken[name] = (wrong,)
            continue
        own = {key: value for key, value in table.items() if key != "base"}
        under = known[base] if base is not None else {}
        tables[name] = {**{k: v for k, v in under.items() if k != "deviations"}, **own}
    return tables, broken


def _base_of(data: Mapping[str, Any], name: str) -> Any:
    table = data.get(name)
    return table.get("base") if isinstance(table, dict) else None


def _base_fault(
    document: Document, known: Mapping[str, Any], name: str, base: Any
) -> HarnessError | None:
    """A base is another known block that has no base itself: one level, so no cycle."""
    if base is None:
        return None
    path = (name, "base")
    if not isinstance(base, str) or not isinstance(known.get(base), dict):
        problem = f"no such block (got {base!r})"
        return document.fault(path, problem, suggestion(str(base), known))
    if "base" in known[base]:
        chain = [name, base]
        while isinstance(following := _base_of(known, chain[-1]), str) and len(chain) < 20:
            chain.append(following)
            if following in chain[:-1]:
                return document.fault(path, f"a cycle: {' → '.join(chain)}")
        return document.fault(
            path, f"{base!r} has a base itself, and one level is all there is", "name its base"
        )
    return None
