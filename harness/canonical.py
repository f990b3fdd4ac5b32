"""Canonical JSON and the SHA-256 keys made from it: one text for one value, whatever wrote it down.

Rules, none of which normalises anything (two values share a text only if they are the same JSON
value):

* JSON types only, by exact type: `None`, `bool`, `int`, `float`, `str`, `list`, `dict` with `str`
  keys. Enums, tuples, NumPy scalars and other subclasses are refused, never converted:
  `model_dump(mode="json")` makes them plain.
* Keys sorted by code point, no white space, UTF-8, no Unicode normalisation.
* Integers in decimal; floats by `repr` (the shortest text that reads back as the same float64). So
  `1` and `1.0` differ, and so do `0.0` and `-0.0`. NaN and infinities have no JSON form and are
  refused.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping

from harness.errors import HarnessError

DEEPEST = 64  # levels; a spec has about five, a cyclic or hostile value has no end
LARGEST = 2**63 - 1  # magnitude of an integer; beyond it other JSON readers lose digits
_KEY = re.compile(r"[0-9a-f]{64}")


def canonical_json(value: object) -> str:
    """The one JSON text of a value; raises HarnessError, with the place inside the value, for what
    has none.
    """
    _require_json(value, "", 0)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def fields(spec: Mapping[str, object]) -> dict[str, str]:
    """Dotted field → canonical JSON; a list of plain values stays whole, as it means one thing."""
    return {
        place: text for name, value in spec.items() for place, text in _leaves(_step(name), value)
    }


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON in UTF-8, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def identity_key(
    kind: str, revision: int, spec: Mapping[str, object], inputs: Mapping[str, str]
) -> str:
    """The address of a node: digest of what it computes, with which revision, from which other
    nodes.
    """
    return digest({"kind": kind, "revision": revision, "spec": dict(spec), "inputs": dict(inputs)})


def is_key(text: str) -> bool:
    """Whether a text has the form of a key, and may therefore become part of a path."""
    return _KEY.fullmatch(text) is not None


def short(key: str) -> str:
    """The first 8 digits, for people; never used to look anything up."""
    return key[:8]


def _leaves(place: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(f"{place}.{_step(name)}", item)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(f"{place}.{index}", item)
    else:
        yield place, canonical_json(value)


def _step(name: str) -> str:
    """A name as part of a dotted place: quoted, as in TOML, where it would read as several."""
    return canonical_json(name) if "." in name or " " in name else name


def _require_json(value: object, place: str, depth: int) -> None:
    if depth > DEEPEST:
        raise _refusal(place, f"nested more than {DEEPEST} levels deep")
    if isinstance(value, dict) and type(value) is dict:
        for name, item in value.items():
            if type(name) is not str:
                raise _refusal(place, f"a key is {_named(name)}, JSON has only text as keys")
            _require_text(name, place)
            _require_json(item, f"{place}.{name}" if place else name, depth + 1)
    elif isinstance(value, list) and type(value) is list:
        for index, item in enumerate(value):
            _require_json(item, f"{place}[{index}]", depth + 1)
    else:
        _require_scalar(value, place)


def _require_scalar(value: object, place: str) -> None:
    if value is None or type(value) is bool:
        return
    if isinstance(value, str) and type(value) is str:
        _require_text(value, place)
    elif isinstance(value, float) and type(value) is float:
        if not math.isfinite(value):
            raise _refusal(place, f"{value} has no JSON form", "leave the value out, or say why")
    elif isinstance(value, int) and type(value) is int:
        if abs(value) > LARGEST:
            raise _refusal(place, "the integer does not fit into 64 bits")
    else:
        hint = "hand in plain JSON types, as model_dump(mode='json') gives them"
        raise _refusal(place, f"{_named(value)} is not a JSON type", hint)


def _require_text(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refusal(place, f"{ascii(text)[:60]} is not valid Unicode text") from None


def _named(value: object) -> str:
    return f"{type(value).__name__} ({ascii(value)[:60]})"


def _refusal(place: str, problem: str, hint: str = "") -> HarnessError:
    return HarnessError(place[:200] or "value", problem, hint=hint)
