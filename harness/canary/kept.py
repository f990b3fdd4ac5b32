"""The canary's values on disk, golden/canary/: a file of series for each kind of run, the limits
with their basis, and where the values are from.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.canary.task import Done, Series
from harness.errors import HarnessError
from harness.files import make_folder, write_durably
from harness.layout import Layout

FOLDER = "canary"
LIMITS, PROVENANCE = "limits.toml", "provenance.json"


@dataclass(frozen=True)
class Limits:
    """How far numbers may lie away, relative: of float64 by kind, of real arithmetic by precision,
    kind and quantity, which a `share` of forced steps must exceed.
    """

    exact: Mapping[str, float]
    real: Mapping[str, Mapping[str, float | Mapping[str, float]]]
    share: float

    def of_real(self, precision: str, kind: str, quantity: str) -> float:
        """That of a quantity; nothing may lie away where none is stated."""
        found = self.real.get(precision, {}).get(kind, 0.0)
        return found if isinstance(found, float) else found.get(quantity.split()[0], 0.0)


@dataclass(frozen=True)
class Kept:
    """Kind → trace → series, with the limits, and where they are from."""

    traces: Mapping[str, Mapping[str, Series]]
    limits: Limits
    provenance: Mapping[str, Any]

    @property
    def environment(self) -> Mapping[str, Any]:
        """Where the values are from: versions, processor."""
        found: Mapping[str, Any] = self.provenance.get("environment", {})
        return found


def has_canary(layout: Layout) -> bool:
    """Whether a project has one; a small project of somebody's own need not."""
    return (layout.specs / FOLDER).is_dir()


def read_kept(golden: Path) -> Kept:
    """Raises HarnessError where a file is missing or is not what this writes."""
    folder = golden / FOLDER
    limits = _read(folder / LIMITS, lambda text: _limits(tomllib.loads(text)))
    files = sorted(path for path in folder.glob("*.json") if path.name != PROVENANCE)
    traces = {path.stem: _read(path, json.loads) for path in files}
    return Kept(traces, limits, _read(folder / PROVENANCE, json.loads))


def _read(path: Path, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        where, hint = f"golden/{FOLDER}/{path.name}", "harness golden --canary"
        raise HarnessError(where, f"cannot be read: {error}", hint=hint) from error


def _limits(said: Mapping[str, Any]) -> Limits:
    def number(one: Any) -> Any:
        return {k: float(v) for k, v in one.items()} if isinstance(one, dict) else float(one)

    return Limits(
        {kind: float(one["tolerance"]) for kind, one in said["exact"].items()},
        {
            precision: {kind: number(one["tolerance"]) for kind, one in kinds.items()}
            for precision, kinds in said["real"].items()
        },
        float(said["share"]),
    )


def kept_of(done: Sequence[Done], golden: Path, provenance: Mapping[str, Any]) -> Kept:
    """What would be kept of these, under the limits that there are."""
    traces: dict[str, dict[str, Series]] = {}
    ordered = sorted(done, key=lambda one: one.name)
    for one in ordered:
        traces.setdefault(one.kind, {})[one.name] = one.exact
    digests = {one.name: one.digest for one in ordered}
    limits = _read(golden / FOLDER / LIMITS, lambda text: _limits(tomllib.loads(text)))
    return Kept(traces, limits, {**provenance, "digests": digests})


def write_networks(golden: Path, files: Mapping[str, bytes]) -> None:
    """Write the weights of the networks that are trained to the end."""
    folder = golden / FOLDER / "late"
    make_folder(folder)
    for name, weights in files.items():
        write_durably(folder / name, weights)


def write_kept(golden: Path, kept: Kept) -> list[Path]:
    """Write the values and where they are from; the limits are written by people."""
    folder = golden / FOLDER
    traces, provenance = kept.traces, kept.provenance
    for path in folder.glob("*.json"):
        if path.stem not in traces and path.name != PROVENANCE:
            path.unlink()  # a kind that is gone
    texts = {f"{kind}.json": _text(those) for kind, those in sorted(traces.items())}
    texts[PROVENANCE] = json.dumps(provenance, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    for name, text in texts.items():
        write_durably(folder / name, text.encode())
    return [folder / name for name in texts]


def _text(traces: Mapping[str, Series]) -> str:
    """A file of traces, a line for each series, floats with all their digits."""
    lines = []
    for trace, series in traces.items():
        inner = ",\n".join(
            f"  {json.dumps(name, ensure_ascii=False)}: {json.dumps(list(values))}"
            for name, values in series.items()
        )
        lines.append(f" {json.dumps(trace, ensure_ascii=False)}: {{\n{inner}\n }}")
    return "{\n" + ",\n".join(lines) + "\n}\n"
