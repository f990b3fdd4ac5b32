"""Named blocks: the pieces of a run that exhibits and profiles refer to by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from harness.errors import HarnessError
from harness.parts.attacks import Attack
from harness.parts.base import Deviation, suggestion
from harness.parts.datasets import Dataset
from harness.parts.measurement import Ascent, Cka
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
    from which block another one departs.
    """

    noun: str
    blocks: Mapping[str, Block]
    bases: Mapping[str, str]

    def problem(self, name: str) -> tuple[str, str] | None:
        """(problem, hint) when no block has this name."""
        if name in self.blocks:
            return None
        return f"no {self.noun} block is called {name!r}", suggestion(name, self.blocks)

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
    ascent: Shelf[Ascent]

    def with_those_of(self, other: Blocks) -> Blocks:
        """These blocks and those."""
        both = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return Blocks(
            *(Shelf(a.noun, {**a.blocks, **b.blocks}, {**a.bases, **b.bases}) for a, b in both)
        )


def read_blocks(documents: Mapping[str, Document], faults: list[HarnessError]) -> Blocks:
    """Blocks from a document per kind (`networks`, …); what is wrong goes to `faults`."""

    def shelf(noun: str, kind: str, model: Any) -> Shelf[Any]:
        document = documents.get(kind)
        if document is None:
            return Shelf(noun, {}, {})
        tables = _tables(document, faults)
        read = _recipes if model is Recipe else _models
        return Shelf(noun, read(document, tables, model, faults), _bases(document, tables))

    return Blocks(**{part: shelf(part, *said) for part, said in BLOCKS.items()})


Tables = Mapping[str, dict[str, Any]]


def _bases(document: Document, tables: Tables) -> dict[str, str]:
    """Block → the one that it is based on."""
    found = {name: _base_of(document, name) for name in tables}
    return {name: base for name, base in found.items() if base is not None}


def _models(
    document: Document, tables: Tables, model: Any, faults: list[HarnessError]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, table in tables.items():
        block, wrong = validate(model, table, document, (name,))
        faults += wrong
        if not wrong:
            found[name] = block
    return found


def _recipes(
    document: Document, tables: Tables, model: Any, faults: list[HarnessError]
) -> dict[str, Recipes]:
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
        faults += wrong
        if not wrong:
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


def _tables(document: Document, faults: list[HarnessError]) -> dict[str, dict[str, Any]]:
    """The tables of a block file, each merged over the one that its `base` names."""
    tables = {}
    for name, table in document.data.items():
        if not isinstance(table, dict):
            faults.append(document.fault((name,), "must be a table: a block has a name and fields"))
            continue
        base = table.get("base")
        wrong = _base_fault(document, name, base)
        if wrong:
            faults.append(wrong)
            continue
        own = {key: value for key, value in table.items() if key != "base"}
        under = document.data[base] if base is not None else {}
        tables[name] = {**{k: v for k, v in under.items() if k != "deviations"}, **own}
    return tables


def _base_of(document: Document, name: str) -> Any:
    table = document.data.get(name)
    return table.get("base") if isinstance(table, dict) else None


def _base_fault(document: Document, name: str, base: Any) -> HarnessError | None:
    """A base is another block of the file that has no base itself: one level, so no cycle."""
    if base is None:
        return None
    path = (name, "base")
    if not isinstance(base, str) or not isinstance(document.data.get(base), dict):
        problem = f"no such block (got {base!r})"
        return document.fault(path, problem, suggestion(str(base), document.data))
    if "base" in document.data[base]:
        chain = [name, base]
        while isinstance(following := _base_of(document, chain[-1]), str) and len(chain) < 20:
            chain.append(following)
            if following in chain[:-1]:
                return document.fault(path, f"a cycle: {' → '.join(chain)}")
        return document.fault(
            path, f"{base!r} has a base itself, and one level is all there is", "name its base"
        )
    return None
