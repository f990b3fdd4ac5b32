"""What may stand in a spec, as records: the kinds of each family with their fields, axes, and the
quantities that measures give.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from harness.errors import HarnessError
from harness.measures.base import Measure
from harness.parts import components
from harness.parts.attacks import Attack
from harness.parts.base import Part, suggestion
from harness.parts.datasets import Dataset
from harness.parts.networks import Network
from harness.parts.neurons import Neuron
from harness.parts.probes import Probe
from harness.parts.regressions import Regression
from harness.parts.surrogates import Surrogate
from harness.spec.claim.predicate import Predicate
from harness.spec.exhibit import AXES
from harness.spec.parts import known_fields

FAMILIES: Mapping[str, type[Part]] = {
    "neurons": Neuron,
    "surrogates": Surrogate,
    "networks": Network,
    "datasets": Dataset,
    "measures": Measure,
    "attacks": Attack,
    "probes": Probe,
    "regressions": Regression,
    "predicates": Predicate,
}
NOUNS = (*FAMILIES, "axes", "quantities")
Record = dict[str, Any]


def records(noun: str) -> tuple[list[Record], list[HarnessError]]:
    """A record for each thing that one of `NOUNS` means, those of packages and of the specs read so
    far included; and what is wrong with those that packages gave a name.

    Raises:
        HarnessError: it means nothing.
    """
    if noun not in NOUNS:
        raise HarnessError(f"list {noun}", "no such things", hint=suggestion(noun, NOUNS))
    if noun == "axes":
        paths = {path: path for path in known_fields() if path not in AXES.values()}
        return [{"axis": axis, "sets": field} for axis, field in {**AXES, **paths}.items()], []
    faults: list[HarnessError] = []
    kinds = _kinds(FAMILIES.get(noun, Measure), faults)
    if noun == "quantities":
        return [row for kind, made in kinds.items() for row in _quantities(kind, made)], faults
    made = [
        {"kind": kind, "description": _said(one), "fields": list(_fields(one))}
        for kind, one in kinds.items()
    ]
    return made, faults


def _kinds(family: type[Part], faults: list[HarnessError]) -> dict[str, type[Any]]:
    """Each class once, by the name that a package gave it, if one did."""
    for name in components.named():
        try:
            if inspect.isclass(made := components.found(name)) and issubclass(made, family):
                family.kinds.setdefault(name, components.part_at(name, family))
        except HarnessError as fault:
            faults.append(fault)
    named: dict[type[Any], str] = {}
    for kind, one in family.kinds.items():
        if one not in named or ":" in named[one]:
            named[one] = kind
    return {kind: one for one, kind in named.items() if not inspect.isabstract(one)}


def _said(made: type[Any]) -> str:
    """The first paragraph of its description."""
    return " ".join((inspect.getdoc(made) or "").partition("\n\n")[0].split())


def _fields(made: type[Part]) -> Iterator[Record]:
    """What a spec says of it, and what it may say there."""
    schema = made.model_json_schema()
    inner = schema.get("$defs", {})
    for name, field in made.model_fields.items():
        if name in ("kind", "deviations"):
            continue
        said = schema["properties"][name]
        said = {**inner.get(said.get("$ref", "").rpartition("/")[2], {}), **said}
        family = getattr(field.annotation, "family", "")
        record = {"name": name, "values": f"a {family}" if family else _values(said)}
        record |= {"default": said["default"]} if "default" in said else {}
        yield record | {"required": field.is_required(), "description": field.description or ""}


_WORDS = {"boolean": "true or false", "string": "text", "object": "a table", "null": "none"}


def _values(said: Mapping[str, Any]) -> str:
    """`integer, 1 to 4096`, `hard or soft`, `list of integer`."""
    if "const" in said or "enum" in said:
        return " or ".join(str(one) for one in said.get("enum", [said.get("const")]))
    if several := said.get("anyOf") or said.get("oneOf"):
        return " or ".join(dict.fromkeys(map(_values, several)))
    kind: str = said.get("type", "a table")
    if kind == "array":
        items = said.get("items") or (said.get("prefixItems") or [{}])[0]
        return f"list of {_values(items)}"
    if kind not in ("integer", "number"):
        return _WORDS.get(kind, kind)
    above, below = said.get("exclusiveMinimum"), said.get("exclusiveMaximum")
    least, most = said.get("minimum"), said.get("maximum")
    bounds = [
        f"above {above}" if above is not None else "",
        f"{least} to {most}" if None not in (least, most) else "",
        f"{least} or more" if least is not None and most is None else "",
        f"{most} or less" if most is not None and least is None else "",
        f"below {below}" if below is not None else "",
        f"a multiple of {said['multipleOf']}" if "multipleOf" in said else "",
    ]
    return ", ".join(filter(None, (kind, *bounds)))


def _quantities(kind: str, made: type[Measure]) -> Iterator[Record]:
    for quantity in made.quantities:
        yield {"quantity": quantity, "measure": kind, "adds": list(made.index)}
