"""A folder of results, read: what its exhibits measured, what was said of it, and how it was made.

Everything comes from the JSON files beside report.html; neither store nor specs are needed, so
results that were downloaded from elsewhere can be compared, too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.layout import reachable

VERDICT, PROVENANCE = "verdict.json", "provenance.json"
VERSIONS = {VERDICT: 1, PROVENANCE: 1}

Values = Mapping[str, tuple[str, ...]]  # dotted name → the values that occur, in order
Place = tuple[str, str]  # quantity, levels as words


@dataclass(frozen=True)
class Cell:
    """A number or word of a table, and how it compared with its golden value there."""

    value: float | None
    text: str
    unit: str
    status: str


@dataclass(frozen=True)
class Claim:
    """A sentence of the document, whether it held, and what was measured."""

    text: str
    status: str
    measured: str
    counted: bool


@dataclass(frozen=True)
class Exhibit:
    """One exhibit of a folder."""

    id: str
    word: str
    sentence: str
    cells: Mapping[Place, Cell]
    claims: Mapping[str, Claim]
    settings: Values
    environment: Values
    spec: str
    keys: frozenset[str]


@dataclass(frozen=True)
class Results:
    """The exhibits of one folder, as the user named it."""

    folder: str
    profile: str
    exhibits: Mapping[str, Exhibit]


def read_results(folder: Path) -> Results:
    """The results in `out/<profile>/`.

    Raises:
        HarnessError: no such folder, no results in it, or results of another version.
    """
    folder = reachable(folder, "diff")
    if not folder.is_dir():
        problem = "is a file, not a folder of results" if folder.exists() else "no such folder"
        raise HarnessError(str(folder), problem, hint="name one like out/smoke")
    found = sorted(path.parent for path in folder.glob(f"*/{VERDICT}"))
    if not found:
        raise HarnessError(str(folder), "holds no results", hint=_elsewhere(folder))
    exhibits = [_exhibit(one) for one in found]
    profiles = dict.fromkeys(profile for profile, _ in exhibits)
    return Results(str(folder), ", ".join(profiles), {one.id: one for _, one in exhibits})


def _elsewhere(folder: Path) -> str:
    if (folder / VERDICT).is_file():
        return f"it is one exhibit; name the folder above it, {folder.parent}"
    below = sorted({path.parents[1].name for path in folder.glob(f"*/*/{VERDICT}")})
    if below:
        return "did you mean " + " or ".join(str(folder / name) for name in below) + "?"
    return "harness reproduce and harness report write them to out/<profile>/"


def _exhibit(folder: Path) -> tuple[str, Exhibit]:
    verdict, provenance = _read(folder / VERDICT), _read(folder / PROVENANCE)
    try:
        nodes = provenance["nodes"]
        made = Exhibit(
            id=verdict["exhibit"],
            word=str(verdict["word"]),
            sentence=verdict["sentence"],
            cells=dict(map(_cell, verdict["cells"])),
            claims={one["id"]: _claim(one) for one in verdict["claims"]},
            settings=_values(_own(node["spec"]) for node in nodes),
            environment=_values(node["environment"] for node in nodes if node["stored"]),
            spec=provenance["spec"]["text"],
            keys=frozenset(node["key"] for node in nodes),
        )
        return verdict["profile"], made
    except (KeyError, TypeError, AttributeError) as error:
        problem = f"the files here do not have the expected fields: {error}"
        raise HarnessError(str(folder), problem, hint=_AGAIN) from error


_AGAIN = "write them again: harness report"


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise HarnessError(str(path), "is missing", hint=_AGAIN) from None
    except OSError as error:
        raise HarnessError(str(path), f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise HarnessError(str(path), f"is not JSON: {error}", hint=_AGAIN) from error
    version = content.get("version") if isinstance(content, dict) else None
    if version != VERSIONS[path.name]:
        problem = f"has version {version!r}, this harness reads {VERSIONS[path.name]}"
        raise HarnessError(str(path), problem, hint=_AGAIN)
    return dict(content)


def _cell(said: Mapping[str, Any]) -> tuple[Place, Cell]:
    levels = ", ".join(f"{axis} {level}" for axis, level in said["levels"].items() if level)
    cell = Cell(said["value"], said["text"] or "", said["unit"] or "", said["status"])
    return (said["quantity"], levels), cell


def _claim(said: Mapping[str, Any]) -> Claim:
    return Claim(said["text"], said["status"], said["measured"], said["counted"])


def _own(spec: Mapping[str, Any]) -> dict[str, Any]:
    """A spec without those of the trainings that it measures: they are nodes, too."""
    return {name: value for name, value in spec.items() if name not in ("x", "y")}


def _values(records: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Every dotted field of the records with the values that occur, each once."""
    seen: dict[str, dict[str, None]] = {}
    for record in records:
        for name, value in _flat(record):
            if value not in (None, "", []):
                said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                seen.setdefault(name, {})[said] = None
    return {name: tuple(sorted(values)) for name, values in seen.items()}


def _flat(record: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value
