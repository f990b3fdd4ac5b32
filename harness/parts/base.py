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
from pydantic_core import (
    CoreSchema,
    ErrorDetails,
    InitErrorDetails,
    PydanticCustomError,
    core_schema,
)

from harness.errors import HarnessError
from harness.parts import components


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

WORD = 24  # letters that a label has room for; a fingerprint is longer
Item = TypeVar("Item")
FrozenMap = Annotated[
    Mapping[str, Item],
    AfterValidator(lambda value: MappingProxyType(dict(value))),
    PlainSerializer(dict),
]
"""A mapping that a frozen model may hold without becoming mutable through it."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$", max_length=64)]
"""An identifier that is also a safe file name."""

LayerName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(#[0-9]+)?$", max_length=200)
]
"""A module of a network, as `layer1.0.relu`, or a further call of it, as `layer1.0.relu#2`."""


class Deviation(Spec):
    """A setting on which the sources differ or are silent; the report lists it with its exhibit."""

    setting: str = Field(description="the field that decides it, as in `neuron.surrogate`")
    paper: str = Field(description="what the text says, or 'not given'")
    code: str = Field(description="what the published code does, or 'absent'")
    follows: Literal["paper", "published code", "neither"]
    reason: str = ""
    only: Literal["ann", "snn"] | None = Field(
        default=None, description="the networks that it touches; both where nothing is said"
    )


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
    class below it with `kind: Literal["lif"]` is one of its kinds from then on, and one that others
    wrote is by its place, "mystudy.alif:AdaptiveLif".
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

    @property
    def called(self) -> str:
        """Its kind as people say it: of one that others wrote the name of the class."""
        return str(getattr(self, "kind", "")).rpartition(":")[2]

    def unusual(self, *told: str) -> str:
        """` decay 0.25`: each of its numbers and words that is not the default of its kind, but for
        those that are `told` elsewhere; of a kind that others wrote also those without a default.
        """
        said, is_own = "", ":" in getattr(self, "kind", "")
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            is_word = isinstance(value, bool | int | float) or (
                isinstance(value, str) and 0 < len(value) <= WORD
            )
            if name in ("kind", *told) or not is_word or PRESENTATION in field.metadata:
                continue
            if value != field.default if not field.is_required() else is_own:
                said += f" {name} {str(value).lower() if isinstance(value, bool) else value}"
        return said

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
        elif components.is_own(cls):  # its place, whatever it says or has from one of ours
            cls.__annotations__ = {**vars(cls).get("__annotations__", {}), "kind": str}

    @classmethod
    def __pydantic_init_subclass__(cls, family: str = "", **keywords: Any) -> None:
        if kind := kind_of(cls):
            other = cls.kinds.setdefault(kind, cls)
            if other.__module__ != cls.__module__:
                where = f"{cls.family} kind {kind!r}"
                raise HarnessError(where, f"is in {other.__module__} and in {cls.__module__}")
            cls.kinds[kind] = cls
            if not components.is_own(cls):
                _forget_validators()

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Of a family: whichever of its kinds the field `kind` names."""
        if "kinds" not in cls.__dict__ or not cls.kinds:
            return handler(source)
        built_in = {kind: one for kind, one in cls.kinds.items() if not components.is_own(one)}
        choices = {kind: handler.generate_schema(one) for kind, one in built_in.items()}
        choices[OWN] = _own_schema(cls)

        def choice(value: Any) -> str:
            kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
            is_theirs = isinstance(kind, str) and kind not in built_in and components.is_place(kind)
            return OWN if is_theirs else str(kind)

        return core_schema.tagged_union_schema(choices, discriminator=choice)


OWN = "module:Class"
"""What a kind that others wrote looks like, where the kinds of a family are listed."""


def _own_schema(family: type[Part]) -> CoreSchema:
    """Validates a part of a kind that others wrote, whose class is imported then: by the fields of
    its class, and against the digest that a stored spec holds of its Python.
    """

    def validate(value: Any, info: core_schema.ValidationInfo) -> Any:
        if isinstance(value, family):
            return value
        said = dict(value) if isinstance(value, dict) else {"kind": value.kind}
        try:
            part = components.part_at(said["kind"], family)
            family.kinds[said["kind"]] = part
            said["kind"] = components.place_of(part)
            if said.pop(components.CODE, None) not in (None, components.code_of(part)):
                raise HarnessError(said["kind"], components.CHANGED)
        except HarnessError as error:
            context = {"problem": error.problem, "hint": error.hint}
            if error.where not in said["kind"]:
                context["problem"] = f"{error.where} {error.problem}"
            refusal = PydanticCustomError(OWN, "{problem}", context)
            fault = InitErrorDetails(type=refusal, loc=("kind",), input=said["kind"])
            raise ValidationError.from_exception_data(OWN, [fault]) from error
        if info.mode == "json":  # strict mode takes a list for a tuple only there
            return part.model_validate_json(json.dumps(said), strict=True)
        return part.model_validate(said, strict=True)

    kind = core_schema.typed_dict_field(core_schema.str_schema(pattern=r"^[\w.]+:[\w.]+$"))
    written = core_schema.typed_dict_schema({"kind": kind}, extra_behavior="allow")
    return core_schema.with_info_plain_validator_function(
        validate, json_schema_input_schema=written
    )


def kind_of(part: type[BaseModel]) -> str:
    """The kind that a class is of; '' for a family, or what several kinds share."""
    if "kind" not in part.model_fields:
        return ""
    said = get_args(part.model_fields["kind"].annotation)
    if said:
        return str(said[0])
    return components.place_of(part) if components.is_own(part) else ""


def _specs(above: type[Spec] = Spec) -> Iterable[type[Spec]]:
    for one in above.__subclasses__():
        yield one
        yield from _specs(one)


def _forget_validators() -> None:
    """A kind has come: the validators that were built without it are built anew."""
    # once each, whatever it derives from
    built = dict.fromkeys(one for one in _specs() if one.__pydantic_complete__)
    for one in built:
        for name in ("core_schema", "validator", "serializer"):
            delattr(one, f"__pydantic_{name}__")
        one.__pydantic_complete__ = False
    for one in built:
        one.model_rebuild(force=True)


def identity(spec: Any) -> Any:
    """The JSON value of `spec` without its presentation fields: what enters a key.

    Identity is opt-out: a field added to a spec is part of the key from its first day, or where it
    is `LATER` from its first other value on. A part or run that others wrote has the digest of its
    Python beside its fields.
    """
    if isinstance(spec, BaseModel):
        said = {
            name: identity(getattr(spec, name))
            for name, field in type(spec).model_fields.items()
            if PRESENTATION not in field.metadata
            and not (LATER in field.metadata and getattr(spec, name) == field.default)
        }
        is_others = components.is_own(type(spec)) and hasattr(type(spec), "kinds")
        return said | ({components.CODE: components.code_of(type(spec))} if is_others else {})
    if isinstance(spec, Mapping):
        return {name: identity(value) for name, value in spec.items()}
    if isinstance(spec, tuple | list):
        return [identity(value) for value in spec]
    return spec


def has_others(spec: Any) -> bool:
    """Whether an identity holds a part or a run that others wrote."""
    if isinstance(spec, Mapping):
        return components.CODE in spec or any(map(has_others, spec.values()))
    return isinstance(spec, list) and any(map(has_others, spec))


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
    if kind == OWN:
        return str(context["problem"])
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
