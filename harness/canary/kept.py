"""The canary's values on disk, golden/canary/: a file of series for each kind of run, the limits
with their basis, and where the values are from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, TypeAdapter, ValidationError

from harness.canary.task import Done, Numbers, Series
from harness.errors import Faults, HarnessError
from harness.files import make_folder, read_plain, write_durably
from harness.layout import Layout
from harness.parts.base import Spec
from harness.spec.document import read_document
from harness.spec.safe_text import decoded
from harness.spec.validate import validate

FOLDER = "canary"
LIMITS, PROVENANCE = "limits.toml", "provenance.json"


Basis = Annotated[str, Field(min_length=1)]


class Exact(Spec):
    """How far float64 may lie away, relative to the largest number of its series."""

    tolerance: Annotated[float, Field(ge=0, le=1e-6)]  # what is further apart is no rounding
    basis: Basis


class ByQuantity(Spec):
    """How far each quantity of a forced step may lie away."""

    loss: Annotated[float, Field(gt=0, le=1)]
    answers: Annotated[float, Field(gt=0, le=1)]
    gradient: Annotated[float, Field(gt=0, le=1)]
    statistics: Annotated[float, Field(gt=0, le=1)]


class Real(Spec):
    """How far real arithmetic may lie away from float64."""

    tolerance: Annotated[float, Field(gt=0, le=1)] | ByQuantity
    basis: Basis


Arithmetic = Literal["f32", "bf16", "f32 on cuda", "bf16 on cuda"]


class Limits(Spec):
    """How far numbers may lie away, relative: of float64 by kind, of real arithmetic by precision,
    kind and quantity, which a `share` of forced steps must exceed.
    """

    share: Annotated[float, Field(gt=0, le=0.75)]
    exact: dict[str, Exact]
    real: dict[Arithmetic, dict[str, Real]]

    def of_real(self, precision: str, kind: str, quantity: str) -> float:
        """That of a quantity; nothing may lie away where none is stated."""
        found = self.real.get(cast(Arithmetic, precision), {}).get(kind)
        if found is None:
            return 0.0
        stated = found.tolerance
        one = getattr(stated, quantity.split()[0], 0.0) if isinstance(stated, Spec) else stated
        return float(one)


class Provenance(Spec):
    """Where the values are from, and the digest of each run; `largest` tells how far apart real
    arithmetic was.
    """

    environment: dict[str, Any]
    digests: dict[str, str]
    command: str = ""
    largest: dict[str, float] = Field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """Kind → trace → series, with the limits, and where they are from."""

    traces: Mapping[str, Mapping[str, Series]]
    limits: Limits
    provenance: Provenance


def has_canary(layout: Layout) -> bool:
    """Whether a project has one; a small project of somebody's own need not.

    Raises:
        HarnessError: it has values and no runs, or runs and no values.
    """
    runs, values = (folder / FOLDER for folder in (layout.specs, layout.golden))
    if runs.is_dir() is not values.is_dir():
        there, gone = (runs, values) if runs.is_dir() else (values, runs)
        said = f"is gone, while {layout.shown(there)} is there"
        hint = "bring it back; or go without, by --no-canary"
        raise HarnessError(layout.shown(gone), said, hint=hint)
    return runs.is_dir()


def read_kept(golden: Path) -> Kept:
    """Raises HarnessError where a file is missing or is not what this writes, or says of kinds what
    the others do not.
    """
    folder = golden / FOLDER
    limits = read_limits(golden)
    files = sorted(path for path in folder.glob("*.json") if path.name != PROVENANCE)
    traces = {path.stem: _read(path, dict[str, dict[str, Numbers]]) for path in files}
    unlike = set(traces) ^ set(limits.exact)
    if unlike:
        said = f"stands in {LIMITS} or in a file of its own, and not in both: {min(unlike)}"
        raise HarnessError(f"golden/{FOLDER}", said, hint=_AGAIN)
    provenance = _read(folder / PROVENANCE, Provenance)
    if lacking := {name for those in traces.values() for name in those} - set(provenance.digests):
        said = f"has no digest of {min(lacking)!r}"
        raise HarnessError(f"golden/{FOLDER}/{PROVENANCE}", said, hint=_AGAIN)
    return Kept(traces, limits, provenance)


_AGAIN = "bring the file back, or measure anew: harness golden --canary"


def read_limits(golden: Path) -> Limits:
    """The limits, which people write.

    Raises:
        Faults: everything that is wrong in the file, with its lines.
    """
    document = read_document(golden / FOLDER / LIMITS, f"golden/{FOLDER}/{LIMITS}")
    limits, faults = validate(Limits, document.data, document)
    if faults:
        raise Faults(faults)
    found: Limits = limits
    return found


def _read(path: Path, form: Any) -> Any:
    where = f"golden/{FOLDER}/{path.name}"
    try:
        return TypeAdapter(form).validate_json(decoded(read_plain(path), where), strict=True)
    except (OSError, ValidationError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise HarnessError(where, f"cannot be read: {said}", hint=_AGAIN) from error


def kept_of(done: Sequence[Done], golden: Path, made: Mapping[str, Any]) -> Kept:
    """What would be kept of these, made in that environment, under the limits that there are."""
    traces: dict[str, dict[str, Series]] = {}
    ordered = sorted(done, key=lambda one: one.name)
    for one in ordered:
        traces.setdefault(one.kind, {})[one.name] = one.exact
    digests = {one.name: one.digest for one in ordered}
    provenance = Provenance(environment=dict(made), digests=digests)
    return Kept(traces, read_limits(golden), provenance)


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
    said = provenance.model_dump()
    texts[PROVENANCE] = json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
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
