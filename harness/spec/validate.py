"""TOML values → a frozen model, or every fault of them at once in the user's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from harness.errors import HarnessError
from harness.parts.base import OWN, sentence, shown, suggestion
from harness.spec.document import Document
from harness.spec.lines import Path


def validate(
    model: Any, data: Any, document: Document, at: Path = ()
) -> tuple[Any, list[HarnessError]]:
    """The model of `data`, which stands at `at` in `document`; or None and all its faults."""
    adapter = _adapter(model, len(getattr(model, "kinds", ())))
    try:
        # JSON, because strict mode takes a list for a tuple only there.
        return adapter.validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        return None, _faults(error, model, data, document, at)


@cache
def _adapter(model: Any, kinds: int) -> TypeAdapter[Any]:
    """What validates a model; another one when a kind of it has come."""
    return TypeAdapter(model)


def _faults(
    error: ValidationError, model: Any, data: Any, document: Document, at: Path
) -> list[HarnessError]:
    """One fault for each place; the branches of a union that all refuse it are joined by 'or'."""
    places: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        detail["loc"] = _in_full(detail["loc"], data)
        places.setdefault(path_within(detail["loc"], data), []).append(detail)
    found = []
    for path, details in places.items():
        said = " or ".join(dict.fromkeys(sentence(detail) for detail in details))
        got = "" if details[0]["type"] == "missing" else f" (got {shown(details[0]['input'])})"
        hint = _hint(details[0], model)
        found.append(document.fault((*at, *path), said + got, hint))
    return found


def _in_full(loc: tuple[int | str, ...], data: Any) -> tuple[int | str, ...]:
    """`loc` with the kinds that others wrote, which pydantic knows as one branch."""
    here, found = data, []
    for part in loc:
        found.append(here["kind"] if part == OWN else part)
        here = here[part] if _holds(here, part) else here
    return tuple(found)


def path_within(loc: tuple[int | str, ...], data: Any) -> Path:
    """`loc` without the names of union branches that pydantic puts between the keys.

    The first part inside a table that is its kind names the branch, also where a field is called
    the same.
    """
    path: Path = ()
    here = data
    is_entered = False
    for position, part in enumerate(loc):
        if not is_entered and isinstance(here, dict) and part == here.get("kind"):
            is_entered = True
            continue
        if _holds(here, part):
            here, is_entered = here[part], False
        elif position < len(loc) - 1 or not isinstance(here, dict) or _is_branch(part, here):
            continue
        path = (*path, part)
    return path


def _holds(here: Any, part: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, dict) and part in here


def _is_branch(part: int | str, here: Mapping[str, Any]) -> bool:
    return part == here.get("kind") or (isinstance(part, str) and "[" in part)


def _hint(detail: ErrorDetails, model: Any) -> str:
    """For an unknown field: the nearest one of the table that it stands in; for an unknown kind
    the nearest kind, if one is near.
    """
    if detail["type"] == OWN:
        return str(detail["ctx"]["hint"])
    if detail["type"] == "union_tag_invalid":
        family = _owner(model, detail["loc"])
        near = suggestion(str(detail["ctx"]["tag"]), getattr(family, "kinds", ()))
        return near if near.startswith("did you mean") else ""
    owner = _owner(model, detail["loc"][:-1])
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    is_open = name and owner and owner.model_config.get("extra") == "allow"
    if is_open and isinstance(detail["input"], dict):
        return f'the name of a field stands in quotes: "{name}.{next(iter(detail["input"]), "…")}"'
    if detail["type"] != "extra_forbidden":
        return ""
    known = detail.get("ctx", {}).get("known") or (owner.model_fields if owner else ())
    return suggestion(name, known)


def _owner(model: Any, loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The model that `loc` leads to, through the branches of unions that pydantic names in it."""
    here = model
    for part in loc:
        while get_origin(here) is Annotated:
            here = get_args(here)[0]
        if part in getattr(here, "kinds", ()):
            here = here.kinds[part]
        elif isinstance(here, type) and issubclass(here, BaseModel) and part in here.model_fields:
            here = here.model_fields[str(part)].annotation
        elif get_origin(here) in (Union, UnionType):
            here = next((one for one in get_args(here) if _is_called(one, part)), None)
        elif get_args(here):
            here = get_args(here)[-1 if get_origin(here) is Mapping else 0]
    if get_origin(here) in (Union, UnionType):  # a model, or none
        models = [one for one in get_args(here) if one is not type(None)]
        here = models[0] if len(models) == 1 else None
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _is_called(branch: Any, part: int | str) -> bool:
    if not (isinstance(branch, type) and issubclass(branch, BaseModel)):
        return False
    kind = branch.model_fields.get("kind")
    return branch.__name__ == part or (kind is not None and part in get_args(kind.annotation))
