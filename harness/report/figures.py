"""Drawings → PNG and SVG whose bytes depend on nothing but the frame and the code that drew it.

What was drawn is kept on record, in a folder that this user alone can write: by the digest of all
that a picture was drawn from, the digests of its files. A picture that lies among the results is
taken again only if it is what that record says; what lies beside it there says nothing.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

import paper_figures
from harness.caches import lend
from harness.files import read_plain, write_durably
from harness.frames.maps import Maps

DPI = 150
DRAWN_BY = ("matplotlib", "numpy", "pandas", "pillow")
RECORD = ".drawn.json"  # which files are ours: they go when another figure takes their place
_PICTURE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\.(png|svg)")


@dataclass(frozen=True)
class Drawn:
    """File name → bytes of one figure, or why there is none: it `failed`, or has no cells."""

    name: str
    files: Mapping[str, bytes]
    problem: str = ""
    failed: bool = False

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of its files that are pictures."""
        return () if self.problem else (f"{self.name}.svg", f"{self.name}.png")

    @property
    def svg(self) -> bytes:
        return self.files[f"{self.name}.svg"]


def files_of(figure: Drawn | None, folder: Path) -> dict[str, bytes | None]:
    """What a figure puts into the folder of its exhibit, and, as None, what an earlier one has left
    there: one of other numbers, or of another name.
    """
    record = _read(folder / RECORD)
    left = [name for name in (record or {"files": ()})["files"] if _PICTURE.fullmatch(name)]
    left += [f"{figure.name}.png", f"{figure.name}.svg"] if figure else []
    there = [RECORD, *left] if record or figure else []
    return {**dict.fromkeys(there), **(figure.files if figure else {})}


def drawn(
    asked: str,
    cells: pd.DataFrame,
    earlier: Path,
    maps: Maps | None = None,
    held: Mapping[str, Any] | None = None,
    records: Path | None = None,
    study: Path | None = None,
) -> Drawn:
    """The figure that `asked` draws, as an exhibit names it, of these cells, and of these maps
    where there are any; `held` are the axes at which the exhibit is fixed, `study` is the folder of
    a study's own drawings.

    What lies in the folder `earlier` is taken again when the folder `records` says that these very
    bytes were drawn from the same cells by the same code; so a report of stored runs need not load
    matplotlib. Without `records`, or where it cannot be written, everything is drawn; so is a
    drawing of the study, which may import whatever is there.
    """
    name = asked.rpartition(":")[2]
    if cells.empty:
        return Drawn(name, {}, "there are no cells to draw")
    cells = cells.assign(**held or {})
    source = _source(asked, cells, maps)
    is_own = ":" in asked or (study is not None and (study / f"{asked}.py").is_file())
    record = records / f"{source}.json" if records and not is_own else None
    if record and (found := _earlier(name, _read(record), earlier)):
        return found
    try:
        there = None if maps is None else maps.table.assign(**held or {})
        files = _save(asked, cells, there, study)
    except Exception as error:  # a drawing that fails must not cost the reader the numbers
        said = f"the drawing failed: {type(error).__name__}: {error}"
        return Drawn(name, {}, said, failed=True)
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    if record:
        with suppress(OSError):  # then it is drawn again
            record.parent.mkdir(parents=True, exist_ok=True)
            write_durably(record, _record(sums))
    return Drawn(name, {**files, RECORD: _record(sums)})


def _save(
    asked: str, cells: pd.DataFrame, maps: pd.DataFrame | None, study: Path | None
) -> dict[str, bytes]:
    lend("MPLCONFIGDIR", "matplotlib")  # read when it is imported
    draw, name = paper_figures.drawing(asked, study), asked.rpartition(":")[2]
    png, svg = io.BytesIO(), io.BytesIO()
    with paper_figures.own_settings():
        figure = draw(cells, maps)
        figure.savefig(png, format="png", backend="agg", dpi=DPI, metadata={"Software": None})
        figure.savefig(svg, format="svg", backend="svg", metadata={"Date": None, "Creator": None})
    return {f"{name}.png": png.getvalue(), f"{name}.svg": svg.getvalue()}


def _source(name: str, cells: pd.DataFrame, maps: Maps | None) -> str:
    """Digest of all that decides the picture: numbers, maps, drawing code with its settings, this
    file, and the libraries that draw.
    """
    digest = hashlib.sha256()
    for part in (name, *map(version, DRAWN_BY), str(cells.to_csv(index=False))):
        digest.update(f"{len(part)}:{part}".encode())
    digest.update(maps.csv_gz if maps is not None else b"")
    for path in (*sorted(Path(paper_figures.__file__).parent.glob("*.py")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _earlier(name: str, record: Mapping[str, Any] | None, folder: Path) -> Drawn | None:
    """The figure as it lies in a folder, if it is what the record says."""
    files: dict[str, bytes] = {}
    for file in (f"{name}.png", f"{name}.svg"):
        try:
            files[file] = read_plain(folder / file)
        except OSError:
            return None
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    if record is None or record["files"] != sums:
        return None
    return Drawn(name, {**files, RECORD: _record(sums)})


def _record(sums: Mapping[str, str]) -> bytes:
    return (json.dumps({"files": sums}, indent=1) + "\n").encode()


def _read(path: Path) -> dict[str, Any] | None:
    """A record of files; None where there is none."""
    try:
        record = json.loads(read_plain(path))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("files"), dict) else None
