"""A project small enough to train within seconds."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from harness.check.contents import contents_toml, read_contents, sha256
from harness.check.golden import FIELDS, read_golden, read_table
from harness.layout import PUBLISHED

ROOT = Path(__file__).resolve().parent.parent
DEPTHS = "depth  = [20, 38, 56, 110, 164]"
WIDTHS = "width  = [1, 2, 4, 8, 16]"


def small_project(folder: Path) -> Path:
    """A copy of the project with four networks of 8 layers, trained for one epoch."""
    for name in ("specs", "golden", "paper_figures"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "study.toml", folder)
    for name in ("specs", "golden"):  # the canary takes a minute
        shutil.rmtree(folder / name / "canary")
    change(folder / "specs/paper/table1.toml", DEPTHS, "depth = [8]")
    change(folder / "specs/paper/table1.toml", WIDTHS, "width = [2]")
    smoke = folder / "specs/profiles/smoke.toml"
    smoke.write_text(re.sub(r"base_width *= *\d+", "base_width = 2", smoke.read_text()))
    with smoke.open("a") as file:
        file.write("\n[change.recipe]\nepochs = 1\n")
    change(folder / "specs/blocks/networks.toml", "depth      = 20", "depth = 8")
    golden = folder / "golden/smoke/table1.csv"
    rows = ["quantity,neuron,depth,width,value,std,n,place"]
    rows += [
        f"accuracy,{neuron},8,{width},12,4,5,here" for neuron in ("relu", "lif") for width in (1, 2)
    ]
    golden.write_text("\n".join(rows) + "\n")
    recount(folder / "golden")
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} no longer holds {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def recount(golden: Path, file: str = "smoke/table1.csv") -> Path:
    """Write anew what belongs to a set of golden values, of which a test changed a file by hand."""
    path = golden / file
    place, name = path.parent / "contents.toml", path.parent.name
    contents = dict(read_contents(path.parent)) if place.exists() else {}
    contents.pop(path.name, None)
    if path.exists():
        index = [one for one in read_table(path, path.name)[0][1] if one not in FIELDS]
        read = read_golden(golden, name, path.name, index)
        contents[path.name] = read.lines if read else {}
    if path.exists() and name != PUBLISHED:
        beside = path.with_suffix(".provenance.json")
        said = json.loads(beside.read_text()) if beside.exists() else {}
        beside.write_text(json.dumps({**said, "sha256": sha256(path.read_bytes())}))
    place.write_text(contents_toml(contents))
    return golden
