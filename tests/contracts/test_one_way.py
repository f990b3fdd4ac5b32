"""Data flows one way: a layer imports lower ones and its own folder, siblings never each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# room → the rooms that it may import; everything may import itself
GROUND = {"errors", "canonical", "files", "fingerprints", "layout", "caches", "words"}
MAY: dict[str, set[str]] = {
    "errors": set(),
    "canonical": {"errors"},
    "files": {"errors"},
    "fingerprints": {"errors", "files", "caches"},
    "words": set(),
    "layout": {"errors", "files", "caches", "words"},
    "caches": set(),
    "parts": GROUND,
    "measures": GROUND | {"parts"},
    "spec": GROUND,
    "plan": GROUND | {"spec"},
    "engine": {"errors", "files", "fingerprints", "caches", "parts"},
    "store": GROUND | {"plan"},
    "runs": GROUND | {"spec", "plan", "engine"},
    "execute": GROUND | {"spec", "plan", "store", "runs"},
    "frames": GROUND | {"spec", "plan", "store"},
    "check": GROUND | {"spec", "plan", "store", "frames"},
    "report": GROUND | {"spec", "plan", "store", "execute", "frames", "check"},
    "canary": GROUND | {"spec", "plan", "engine", "store", "runs", "execute", "check"},
    "diff": GROUND | {"plan", "store", "check"},  # results need none of these, stores do
    # layer 7: the command line, which may use everything below
    "terminal": GROUND | {"plan", "runs", "execute"},
    "app": GROUND | {"spec", "plan", "store", "runs", "execute", "check", "report", "terminal"},
    "results": GROUND
    | {"spec", "plan", "engine", "store", "runs", "execute", "frames", "check", "report", "app"}
    | {"diff", "terminal"},
    "cli": GROUND
    | {"spec", "plan", "engine", "store", "runs", "execute", "check", "report", "canary", "diff"}
    | {"terminal", "app", "results"},
    "__main__": {"errors", "cli", "terminal"},
    "__init__": {"results"},  # when it is called
}
for room, may in MAY.items():  # whoever may know specs may know what they are made of
    if room == "spec" or "spec" in may:
        MAY[room] = may | {"parts", "measures"}
# What is only reached when something is built or computed: a description knows its code by name.
LATE: dict[str, set[str]] = {"parts": {"engine"}, "measures": {"engine", "runs"}}
TORCH_FREE = set(MAY) - {"engine", "parts", "measures", "runs", "canary", "__init__", "__main__"}
TORCH_FREE -= {"results"}  # hands out networks and tensors


def modules(root: Path) -> list[tuple[str, Path]]:
    package = root / "harness"
    found = []
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found.append((parts[0], path))
    return found


def imported(path: Path, *, at_once: bool = False) -> Iterator[str]:
    """Every module that a file imports, wherever in it; with `at_once` only when it is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def test_every_room_is_on_the_map(root: Path) -> None:
    assert {room for room, _ in modules(root)} == set(MAY)


def test_no_layer_imports_a_higher_one(root: Path) -> None:
    wrong = []
    for room, path in modules(root):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] != "harness" or len(parts) < 2:
                continue
            if parts[1] != room and parts[1] not in MAY[room] | LATE.get(room, set()):
                wrong.append(f"{path.relative_to(root)} imports {name}")
    assert wrong == []


def test_what_is_late_is_not_imported_at_once(root: Path) -> None:
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for room, path in modules(root)
        for name in imported(path, at_once=True)
        if room in LATE and (name.split(".")[0] == "torch" or {*name.split(".")[1:2]} & LATE[room])
    ]
    assert wrong == []


def test_only_engine_and_runs_import_torch(root: Path) -> None:
    wrong = [
        str(path.relative_to(root))
        for room, path in modules(root)
        if room in TORCH_FREE and any(name.split(".")[0] == "torch" for name in imported(path))
    ]
    assert wrong == []


@pytest.mark.parametrize("package", ["harness", "specs", "golden", "typer", "torch", "jinja2"])
def test_drawings_know_only_pandas_and_matplotlib(root: Path, package: str) -> None:
    for path in (root / "paper_figures").glob("*.py"):
        assert package not in {name.split(".")[0] for name in imported(path)}, path
