"""Claims that repeat others: a control puts what is claimed elsewhere to the test once more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import Field

from harness.errors import HarnessError
from harness.parts.base import FrozenMap, Name, Spec, suggestion
from harness.spec.claim import Claim
from harness.spec.claim.predicate import Level
from harness.spec.document import Document
from harness.spec.exhibit import same_level
from harness.spec.validate import validate

_OWN = ("quantity", "along", "where")  # of the predicate, which a control may say anew

_SHAPE = r"^[A-Za-z][\w.-]*/[A-Za-z][\w.-]*$"  # for editors: what names no claim is told better
Reference = Annotated[str, Field(max_length=129, json_schema_extra={"pattern": _SHAPE})]


class Repeat(Spec):
    """Claims of other exhibits, tested here under something else: each keeps its text, its place
    and its predicate, but for what is said here of that. Its id gets the suffix.
    """

    repeats: Reference | Annotated[tuple[Reference, ...], Field(min_length=1)] = Field(
        description="exhibit/claim, or several of them"
    )
    under: str = Field(min_length=1, description="what differs, as a reader is told")
    without: str = Field(
        default="", description="what is not there, as training: what holds without is not about it"
    )
    suffix: Annotated[str, Field(pattern=r"^([A-Za-z0-9_.-]+)?$", max_length=48)] = ""
    quantity: Name | None = Field(default=None, description="in place of the claim's own")
    along: Name | tuple[Name, ...] | None = Field(default=None, description="likewise")
    where: Annotated[
        FrozenMap[Level | tuple[Level, ...]],
        Field(default_factory=dict, validate_default=True, description="merged over the claim's"),
    ]


def with_repeats(
    documents: Sequence[Document],
) -> tuple[list[Document], dict[str, tuple[HarnessError, ...]]]:
    """The documents of exhibits with each repeated claim written out; and what is wrong with those
    that name no claim, by the stems of their files.
    """
    known = {
        f"{document.path.stem}/{claim['id']}": claim
        for document in documents
        for claim in _claims(document)
        if isinstance(claim.get("id"), str)
    }
    repeating = {
        f"{document.path.stem}/{name.rpartition('/')[2]}{_dashed(claim.get('suffix'))}": name
        for document in documents
        for claim in _claims(document)
        for name in _references(claim)
    }
    found, broken = [], {}
    for document in documents:
        if not any("repeats" in claim or _misspelt(claim) for claim in _claims(document)):
            found.append(document)
            continue
        faults: list[HarnessError] = []
        written = _written_out(document, known, repeating, faults)
        if faults:
            broken[document.path.stem] = tuple(faults)
        else:
            found.append(written)
    return found, broken


def _claims(document: Document) -> Iterator[dict[str, Any]]:
    listed = document.data.get("claim")
    yield from (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()


def _references(claim: Mapping[str, Any]) -> Iterable[str]:
    named = claim.get("repeats")
    several = named if isinstance(named, list) else [named]
    return [name for name in several if isinstance(name, str)]


def _misspelt(claim: Mapping[str, Any]) -> str:
    """The field of a claim that should be `repeats`, if there is one: nothing else that it lacks as
    a claim of its own is worth saying.
    """
    if "repeats" in claim:
        return ""
    unknown = [name for name in claim if name not in Claim.model_fields]
    return next(iter(get_close_matches("repeats", unknown, n=1)), "")


def _dashed(suffix: Any) -> str:
    return f"-{suffix}" if suffix else ""


def _written_out(
    document: Document,
    known: Mapping[str, Any],
    repeating: Mapping[str, str],
    faults: list[HarnessError],
) -> Document:
    """The document with a claim in place of each reference, at the line that refers to it."""
    written: list[Any] = []
    lines = {path: line for path, line in document.lines.items() if path[:1] != ("claim",)}
    lines |= {path: line for path, line in document.lines.items() if path == ("claim",)}

    def keep(claim: Any, index: int) -> None:
        for path, line in document.lines.items():
            if path[:2] == ("claim", index):
                lines[("claim", len(written), *path[2:])] = line
                if "repeats" in document.data["claim"][index] and path[2:3] and path[2] in _OWN:
                    lines[("claim", len(written), "test", *path[2:])] = line
        written.append(claim)

    for index, claim in enumerate(document.data["claim"]):
        if isinstance(claim, dict) and (typed := _misspelt(claim)):
            at = ("claim", index, typed)
            faults.append(document.fault(at, "not a field here", "did you mean 'repeats'?"))
            continue
        if not isinstance(claim, dict) or "repeats" not in claim:
            keep(claim, index)
            continue
        repeat, wrong = validate(Repeat, claim, document, ("claim", index))
        faults += wrong
        for name in _references(claim) if repeat else ():
            if name in known:
                keep(_repeated(known[name], name, claim, document.data.get("fixed")), index)
            else:
                faults.append(_unknown(document, index, name, known, repeating))
    return replace(document, data={**document.data, "claim": written}, lines=lines)


def _unknown(
    document: Document,
    index: int,
    name: str,
    known: Mapping[str, Any],
    repeating: Mapping[str, str],
) -> HarnessError:
    at = ("claim", index, "repeats")
    if name in repeating:
        said = f"{name!r} repeats another claim itself, and one level is all there is"
        return document.fault(at, said, f"name {repeating[name]!r}")
    near = suggestion(name, known)
    if "/" not in name:
        ids = {one.partition("/")[2]: one for one in known}
        near = "name it as exhibit/claim"
        near += "".join(f", as {ids[one]}" for one in get_close_matches(name, ids, 1, cutoff=0))
    hint = near or "harness list --json shows the claims of each exhibit"
    return document.fault(at, f"no exhibit has such a claim (got {name!r})", hint)


def _repeated(
    claim: Mapping[str, Any], name: str, own: Mapping[str, Any], fixed: Any
) -> dict[str, Any]:
    """The claim of this name as a control has it. What the control holds fixed at the level that
    the claim speaks of is no axis of its cells.
    """
    made = {**claim, "repeats": name, "under": own["under"], "without": own.get("without", "")}
    made["id"] = f"{claim['id']}{_dashed(own.get('suffix'))}"
    made["place"] = f"{claim.get('place', '')}, {own['under']}"
    if isinstance(test := claim.get("test"), dict):
        before = test.get("where")
        kept = {
            axis: level
            for axis, level in (before if isinstance(before, dict) else {}).items()
            if not (isinstance(fixed, dict) and axis in fixed and same_level(fixed[axis], level))
        }
        said = {field: own[field] for field in _OWN if field in own}
        made["test"] = {**test, **said, "where": {**kept, **own.get("where", {})}}
    return made
