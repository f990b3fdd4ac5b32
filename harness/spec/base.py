"""What every spec is: frozen, strict, closed to unknown fields, and identified by all it says."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer


class Spec(BaseModel):
    """A frozen model that refuses coercion (`"10"` is not 10) and unknown fields."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="strings"
    )


class _Presentation:
    """Marks a field that changes what a reader sees and nothing that a run computes."""


PRESENTATION = _Presentation()
"""`Annotated[str, PRESENTATION]`: the one way for a field to stay out of a run's key."""

Item = TypeVar("Item")
FrozenMap = Annotated[
    Mapping[str, Item],
    AfterValidator(lambda value: MappingProxyType(dict(value))),
    PlainSerializer(dict),
]
"""A mapping that a frozen model may hold without becoming mutable through it."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=64)]
"""An identifier that is also a safe file name."""


def identity(spec: Any) -> Any:
    """The JSON value of `spec` without its presentation fields: what enters a key.

    Identity is opt-out: a field added to a spec is part of the key from its first day.
    """
    if isinstance(spec, BaseModel):
        return {
            name: identity(getattr(spec, name))
            for name, field in type(spec).model_fields.items()
            if PRESENTATION not in field.metadata
        }
    if isinstance(spec, Mapping):
        return {name: identity(value) for name, value in spec.items()}
    if isinstance(spec, tuple | list):
        return [identity(value) for value in spec]
    return spec
