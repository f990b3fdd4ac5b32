"""What every spec is: frozen, strict, closed to unknown fields, and identified by all it says.
A part is a spec of a kind that registers itself.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterable, Mapping
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationError,
)
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from harness.errors import HarnessError


class Spec(BaseModel):
    """A frozen model that refuses coercion (`"10"` is not 10) and unknown fields.

    Its validator is built when it is first used: then all kinds of its parts are known.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        ser_json_inf_nan="strings",
        defer_build=True,
    )


class _Presentation:
    """Marks a field that changes what a reader sees and nothing that a run computes."""


PRESENTATION = _Presentation()
"""`Annotated[str, PRESENTATION]`: the one way for a field to stay out of every run's key."""


class _Later:
    """Marks a field that is younger than stored runs."""


LATER = _Later()
"""`Annotated[int, LATER]`: a field whose default is what was before it. At its default it stays out
of a run's key, so that what is stored keeps its key.
"""

Item = TypeVar("Item")
FrozenMap = Annotated[
    Mapping[str, Item],
    AfterValidator(lambda value: MappingProxyType(dict(value))),
    PlainSerializer(dict),
]
"""A mapping that a frozen model may hold without becoming mutable through it."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=64)]
"""An identifier that is also a safe file name."""


class Deviation(Spec):
    """A setting on which the sources differ or are silent; the report lists it with its exhibit."""

    setting: str = Field(description="the field that decides it, as in `neuron.surrogate`")
    paper: str = Field(description="what the text says, or 'not given'")
    code: str = Field(description="what the published code does, or 'absent'")
    follows: Literal["paper", "published code", "neither"]
    reason: str = ""


Deviations = Annotated[tuple[Deviation, ...], PRESENTATION]


Checksum = Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]


class PinnedFile(Spec):
    """One published file and its checksum."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=128)
    checksum: Checksum


class Part(Spec):
    """A part of a run. In Python it is made by its class, `Dspike(temperature=2.0)`: fields in
    their order or by name, `kind` left out, and what `usual` holds (or makes) need not be said; a
    spec says all. A family is a subclass with a name, `class Neuron(Part, family="neuron")`; a
    class below it with `kind: Literal["lif"]` is one of its kinds from then on.
    """

    family: ClassVar[str] = ""
    kinds: ClassVar[dict[str, type[Any]]] = {}
    usual: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *values: Any, **fields: Any) -> None:
        names = [name for name in type(self).model_fields if name not in ("kind", "deviations")]
        own = dict(zip(names, values, strict=False)) | fields
        if kind := kind_of(type(self)):
            own.setdefault("kind", kind)
        for name in self.usual.keys() - own.keys():
            own[name] = self.usual[name]() if callable(self.usual[name]) else self.usual[name]
        for name, value in own.items():  # pydantic would take the number out of a tensor
            if hasattr(value, "__float__") and not isinstance(value, Real):
                problem = f"must be a number (got a {type(value).__name__.lower()})"
                hint = (
                    "kind 'plif' learns its decay; `lif` takes a decay or threshold that is learned"
                )
                raise HarnessError(f"{self.family} {name}", problem, hint=hint)
        try:
            super().__init__(**own)
        except ValidationError as error:
            raise _fault(type(self), error) from None

    def pinned(self, study: Path, data: Path) -> Self:
        """The part with the fingerprints of the files that it rests on, in fields that enter the
        key; a plan asks for it once. Paths in a spec are relative to the folder of the `study`,
        published files lie in `data`.

        Raises:
            HarnessError: a file is not there, or is not what the spec says of it.
        """
        return self

    # a validator does not call it
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __init_subclass__(cls, family: str = "", **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if family:
            cls.family, cls.kinds = family, {}

    @classmethod
    def __pydantic_init_subclass__(cls, family: str = "", **keywords: Any) -> None:
        if kind := kind_of(cls):
            other = cls.kinds.setdefault(kind, cls)
            if other.__module__ != cls.__module__:
                where = f"{cls.family} kind {kind!r}"
                raise HarnessError(where, f"is in {other.__module__} and in {cls.__module__}")
            cls.kinds[kind] = cls
            _forget_validators()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Of a family: whichever of its kinds the field `kind` names."""
        if "kinds" not in cls.__dict__ or not cls.kinds:
            return handler(source)
        choices = {kind: handler.generate_schema(one) for kind, one in cls.kinds.items()}
        return core_schema.tagged_union_schema(choices, discriminator="kind")


def kind_of(part: type[BaseModel]) -> str:
    """The kind that a class is of; '' for a family, or what several kinds share."""
    named = get_args(part.model_fields["kind"].annotation) if "kind" in part.model_fields else ()
    return str(named[0]) if named else ""


def _specs(above: type[Spec] = Spec) -> Iterable[type[Spec]]:
    for one in above.__subclasses__():
        yield one
        yield from _specs(one)


def _forget_validators() -> None:
    """A kind has come: the validators that were built without it are built anew."""
    built = [one for one in _specs() if one.__pydantic_complete__]
    for one in built:
        for name in ("core_schema", "validator", "serializer"):
            delattr(one, f"__pydantic_{name}__")
        one.__pydantic_complete__ = False
    for one in built:
        one.model_rebuild(force=True)


def identity(spec: Any) -> Any:
    """The JSON value of `spec` without its presentation fields: what enters a key.

    Identity is opt-out: a field added to a spec is part of the key from its first day, or where it
    is `LATER` from its first other value on.
    """
    if isinstance(spec, BaseModel):
        return {
            name: identity(getattr(spec, name))
            for name, field in type(spec).model_fields.items()
            if PRESENTATION not in field.metadata
            and not (LATER in field.metadata and getattr(spec, name) == field.default)
        }
    if isinstance(spec, Mapping):
        return {name: identity(value) for name, value in spec.items()}
    if isinstance(spec, tuple | list):
        return [identity(value) for value in spec]
    return spec


RENAMED: dict[str, str] = {
    "quiet": "initial_scale",
    "residual": "stages_without_shortcut",
    "single_step": "one_step_stages",
    "branch_scale": "residual_scale",
    "ascent": "activation_maximisation",
    "ascents": "activation_maximisations",
}
"""Names that a spec had before, and what they are called now."""


def renamed(word: str, known: Collection[str]) -> str:
    """`it is called 'depth' now`, or nothing."""
    now = ".".join(RENAMED.get(part, part) for part in word.split("."))
    return f"it is called {now!r} now" if now != word and now in known else ""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`it is called 'depth' now`, `did you mean 'depth'?`, or the list of what is known when it is
    short, or nothing.
    """
    names = sorted(known)
    if now := renamed(str(word), names):
        return now
    near = difflib.get_close_matches(str(word), names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(names)}" if 0 < len(names) <= 24 else ""


def sentence(detail: ErrorDetails) -> str:
    """A complaint of pydantic in the words of this project."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return "not a field here"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(context["error"])
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return f"must name its kind, one of {context.get('expected_tags', 'those known')}"
    said = detail["msg"].removeprefix("Input should be ").removeprefix("Value should be ")
    return f"must be {said[:1].lower()}{said[1:]}" if said != detail["msg"] else f"wrong: {said}"


def shown(value: Any) -> str:
    """A value as JSON, cut where it is long."""
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _fault(part: type[Part], error: ValidationError) -> HarnessError:
    """The first complaint about what a caller in Python has said."""
    detail = error.errors(include_url=False)[0]
    where = " ".join((part.family, *map(str, detail["loc"])))
    got = "" if detail["type"] == "missing" else f" (got {shown(detail['input'])})"
    unknown = detail["type"] == "extra_forbidden"
    hint = suggestion(str(detail["loc"][-1]), part.model_fields) if unknown else ""
    return HarnessError(where, f"{sentence(detail)}{got}", hint=hint)
