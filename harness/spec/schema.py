"""What each kind of spec file may say, as JSON Schema: editors complete it, a linter checks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.parts.base import Deviation
from harness.parts.components import is_own
from harness.parts.recipe import Recipe
from harness.spec.exhibit import Exhibit
from harness.spec.parts import BLOCKS, models_of
from harness.spec.profile import Profile
from harness.spec.repeats import Repeat
from harness.spec.study import Study

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES = {file: (part, model) for part, (file, model) in BLOCKS.items() if part != "recipe"}
KINDS = ("study", "exhibit", "profile", *_FILES, "recipes")

Schema = dict[str, Any]


def schema_of(kind: str) -> Schema:
    """The schema of the files of one of `KINDS`."""
    if kind == "exhibit":
        made = _exhibit()
    elif kind == "profile":
        made = TypeAdapter(Profile).json_schema()
    elif kind == "study":
        made = TypeAdapter(Study).json_schema()
    elif kind == "recipes":
        made = _recipes()
    else:
        made = _blocks(*_FILES[kind])
    return {"$schema": DIALECT, **made}


def schema_files() -> dict[str, bytes]:
    """File name → content, of every kind."""
    return {
        f"{kind}.json": (json.dumps(schema_of(kind), indent=1, ensure_ascii=False) + "\n").encode()
        for kind in KINDS
    }


def schema_line(spec: Path) -> str:
    """The first line of a spec file, by the folder that it stands in."""
    kinds = {"blocks": spec.stem, "profiles": "profile"}
    up = "../.." if spec.parent.parent.name == "canary" else ".."
    return f"#:schema {up}/schema/{kinds.get(spec.parent.name, 'exhibit')}.json"


def _exhibit() -> Schema:
    """An exhibit; `[grid]` is short for a single `[[grid]]`, and `[measure]` likewise. A claim may
    repeat others.
    """
    made = TypeAdapter(Exhibit).json_schema()
    made["$defs"]["Repeat"] = TypeAdapter(Repeat).json_schema()
    claims = made["properties"]["claim"]
    claims["items"] = {"anyOf": [claims["items"], {"$ref": "#/$defs/Repeat"}]}
    for name in ("grid", "measure"):
        listed = made["properties"][name]
        title = listed.pop("title", name)
        made["properties"][name] = {"title": title, "anyOf": [listed["items"], listed]}
    return made


def _blocks(part: str, union: Any) -> Schema:
    """Tables by name, each either whole or a change of the one that its `base` names."""
    whole = TypeAdapter(union).json_schema()
    definitions = whole.pop("$defs", {})
    if "properties" in whole:  # one model, not a union
        definitions[whole["title"]] = whole
        whole = {"$ref": f"#/$defs/{whole['title']}"}
    changes = {
        name: found[0] if len(found) == 1 else {"anyOf": found}
        for name, found in _fields(part, definitions).items()
    }
    definitions["Whole"] = whole
    definitions["Change"] = _table({"base": {"type": "string"}, **changes}, required=["base"])
    either = {"anyOf": [{"$ref": "#/$defs/Whole"}, {"$ref": "#/$defs/Change"}]}
    return _named_tables(f"{part} blocks", either, definitions)


def _recipes() -> Schema:
    """`[name]` holds what ANN and SNN share, `[name.ann]` and `[name.snn]` what one has on top."""
    recipe = TypeAdapter(Recipe).json_schema()
    noted = TypeAdapter(Deviation).json_schema()
    definitions = {**recipe.pop("$defs", {}), **noted.pop("$defs", {}), "Deviation": noted}
    fields = recipe["properties"]
    definitions["Variant"] = _table(fields)
    own = {"$ref": "#/$defs/Variant"}
    listed = {"type": "array", "items": {"$ref": "#/$defs/Deviation"}}
    table = {**fields, "base": {"type": "string"}, "ann": own, "snn": own, "deviations": listed}
    return _named_tables("recipe blocks", _table(table), definitions)


def _named_tables(title: str, item: Schema, definitions: Schema) -> Schema:
    return {"title": title, "type": "object", "additionalProperties": item, "$defs": definitions}


def _table(properties: Schema, required: list[str] | None = None) -> Schema:
    closed: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return closed | ({"required": required} if required else {})


def _fields(part: str, definitions: Schema) -> dict[str, list[Schema]]:
    """Every field that a model of this part has, with each of its schemas."""
    found: dict[str, list[Schema]] = {}
    for model in models_of(part):
        if is_own(model):  # a kind by its place: its own file says what it has
            continue
        for name, said in definitions[model.__name__]["properties"].items():
            seen = found.setdefault(name, [])
            if said not in seen:
                seen.append(said)
    return found
