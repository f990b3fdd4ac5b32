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
from typing import Any

from harness.errors import HarnessError

DEEPEST = 64  # levels; a spec has about five, a cyclic or hostile value has no end
LARGEST = 2**63 - 1  # magnitude of an integer; beyond it other JSON readers lose digits
_KEY = re.compile(r"[0-9a-f]{64}")


def walk(value: object, deepest: int) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value in a tree of dicts and lists with its path of names and indices, each before what
    is in it; never recursive, and not beyond the first that lies below `deepest` levels.
    """
    waiting: list[tuple[tuple[Any, ...], Any]] = [((), value)]
    while waiting:
        path, here = waiting.pop()
        yield path, here
        if len(path) <= deepest and isinstance(here, dict | list):
            inner = here.items() if isinstance(here, dict) else enumerate(here)
            waiting += reversed([((*path, name), one) for name, one in inner])


def flatten(
    record: Mapping[str, Any], above: str = "", *, exact: bool = False
) -> Iterator[tuple[str, Any]]:
    """Dotted names and values of nested mappings; lists stay whole, as they mean one thing.

    `exact`: two records differ exactly where these do. Names are quoted, as in TOML, where they
    would read as several, and lists of tables and lists are entered.
    """
    for name, value in record.items():
        several = exact and ("." in name or " " in name)
        place = above + (canonical_json(name) if several else name)
        if exact and isinstance(value, list) and any(isinstance(one, dict | list) for one in value):
            value = {str(index): one for index, one in enumerate(value)}
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{place}.", exact=exact)
        else:
            yield place, value


def fields(spec: Mapping[str, Any]) -> dict[str, str]:
    """Dotted field → canonical JSON."""
    return {place: canonical_json(value) for place, value in flatten(spec, exact=True)}


def canonical_json(value: object) -> str:
    """The one JSON text of a value; raises HarnessError, with the place inside the value, for what
    has none.
    """
    for path, here in walk(value, DEEPEST):
        if len(path) > DEEPEST:
            raise _refusal(path, f"nested more than {DEEPEST} levels deep")
        if type(here) is dict:
            for name in here:
                if type(name) is not str:
                    raise _refusal(path, f"a key is {_named(name)}, JSON has only text as keys")
                _require_text(name, path)
        elif type(here) is not list:
            _require_scalar(here, path)
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


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


def _require_scalar(value: object, path: tuple[Any, ...]) -> None:
    if value is None or type(value) is bool:
        return
    if isinstance(value, str) and type(value) is str:
        _require_text(value, path)
    elif isinstance(value, float) and type(value) is float:
        if not math.isfinite(value):
            raise _refusal(path, f"{value} has no JSON form", "leave the value out, or say why")
    elif isinstance(value, int) and type(value) is int:
        if abs(value) > LARGEST:
            raise _refusal(path, "the integer does not fit into 64 bits")
    else:
        hint = "hand in plain JSON types, as model_dump(mode='json') gives them"
        raise _refusal(path, f"{_named(value)} is not a JSON type", hint)


def _require_text(text: str, path: tuple[Any, ...]) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refusal(path, f"{ascii(text)[:60]} is not valid Unicode text") from None


def _named(value: object) -> str:
    return f"{type(value).__name__} ({ascii(value)[:60]})"


def _refusal(path: tuple[Any, ...], problem: str, hint: str = "") -> HarnessError:
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return HarnessError("".join(parts)[:200].removeprefix(".") or "value", problem, hint=hint)
