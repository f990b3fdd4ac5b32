"""What belongs to golden values is written down: what is taken away is missed, and not passed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.check.contents import read_contents
from harness.check.course import SUFFIX
from harness.check.golden import FIELDS, read_golden, read_table
from harness.check.standard import keeps_seeds, standard
from harness.cli.check import CHECKED
from harness.errors import Faults, HarnessError
from harness.layout import PUBLISHED
from tests.synthetic import PROJECT, library, plan

SMOKE, PAPER = "smoke/fig3.csv", "paper/tableD1.csv"


def lines(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change the lines of a file below its header."""
    header, *rest = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([header, *change(rest)]) + "\n", encoding="utf-8")


def without(quantity: str) -> Callable[[Path], None]:
    return lambda path: lines(
        path, lambda rest: [one for one in rest if not one.startswith(f"{quantity},")]
    )


def unsettled(path: Path) -> None:
    """Each value becomes a word under the rule `unsettled`."""
    index = [name for name in read_table(path, path.name)[0][1] if name not in FIELDS]
    read = read_golden(path.parents[1], path.parent.name, path.name, index)
    assert read is not None
    said = ["quantity," + ",".join((*index, "text", "rule", "place"))]
    said += [f"{c.quantity},{','.join(c.index)},none,unsettled,here" for c in read.cells]
    path.write_text("\n".join(said) + "\n", encoding="utf-8")
    rules = path.parent / "tolerances.toml"
    if "[unsettled]" not in rules.read_text(encoding="utf-8"):
        with rules.open("a", encoding="utf-8") as file:
            file.write('\n[unsettled]\nrule = "unsettled"\nbasis = "so that it passes"\n')


def beside(path: Path) -> Path:
    return path.with_suffix(".provenance.json")


GONE = "smoke/fig3.csv: is not there, and golden/smoke/contents.toml says that it belongs there"
CASES: list[tuple[str, str, Callable[[Path], object], str]] = [
    ("a file", SMOKE, Path.unlink, GONE),
    ("a quantity", SMOKE, without("mean"), "has 0 lines of mean with a value, and"),
    ("a line", SMOKE, lambda path: lines(path, lambda rest: rest[1:]), "has 0 lines of mean with"),
    ("every value", SMOKE, unsettled, "has 0 lines of mean with a value, and golden/smoke/"),
    ("every published value", PAPER, unsettled, "has 0 lines of cell with a value, and golden/"),
    ("a published line", PAPER, lambda path: lines(path, lambda rest: rest[1:]), "has 29 lines of"),
    (
        "the provenance",
        SMOKE,
        lambda path: beside(path).unlink(),
        "fig3.provenance.json: is missing, so nothing says what fig3.csv rests on",
    ),
    (
        "a digit",
        SMOKE,
        lambda path: lines(path, lambda rest: [rest[0].replace("0.506205", "0.5"), *rest[1:]]),
        "fig3.provenance.json: is of other bytes than fig3.csv has",
    ),
    (
        "what is written down",
        SMOKE,
        lambda path: (path.parent / "contents.toml").unlink(),
        "smoke/contents.toml: is missing, so nothing says which golden values belong here",
    ),
    (
        "its name there",
        SMOKE,
        lambda path: (path.parent / "contents.toml").write_text(""),
        'has no table of golden/smoke/fig3.csv – ["fig3.csv"] with mean = 1',
    ),
    (
        "a count there",
        SMOKE,
        lambda path: (path.parent / "contents.toml").write_text('["fig3.csv"]\nmean = 0\n'),
        "contents.toml:2: fig3.csv.mean: ",
    ),
]


@pytest.mark.parametrize(
    ("file", "taken", "said"), [one[1:] for one in CASES], ids=[one[0] for one in CASES]
)
def test_what_is_taken_away_is_missed(
    project: Path, file: str, taken: Callable[[Path], object], said: str
) -> None:
    golden = project / "golden"
    name = Path(file).stem
    planned = plan(name, profile="smoke").exhibits[0]
    assert standard(planned, library().profile("smoke"), [golden]).golden is not None
    taken(golden / file)
    with pytest.raises(HarnessError) as caught:
        standard(planned, library().profile("smoke"), [golden])
    faults = caught.value.faults if isinstance(caught.value, Faults) else (caught.value,)
    assert re.search(re.escape(said), "\n".join(map(str, faults)))


def test_what_editors_add_is_no_other_file(project: Path) -> None:
    path = project / "golden" / SMOKE
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n,,,\r\n")
    planned = plan("fig3", profile="smoke").exhibits[0]
    assert standard(planned, library().profile("smoke"), [project / "golden"]).golden is not None


@pytest.mark.parametrize("name", [PUBLISHED, "smoke"])
def test_each_golden_file_belongs_to_an_exhibit_and_is_written_down(name: str) -> None:
    contents = read_contents(PROJECT / "golden" / name)
    assert set(contents) == {path.name for path in (PROJECT / "golden" / name).glob("*.csv")}
    owned = {one.golden or f"{one.id}.csv" for one in library().exhibits.values()}
    owned |= {f"{exhibit}{SUFFIX}" for exhibit in library().exhibits}
    assert set(contents) <= owned


def test_every_golden_file_is_whole() -> None:
    for profile in ("smoke", "paper"):
        for planned in plan(*library().exhibits, profile=profile).exhibits:
            standard(planned, library().profile(profile), [PROJECT / "golden"])


def test_what_is_checked_by_default_keeps_its_seeds_or_is_published() -> None:
    smoke, golden = library().profile("smoke"), PROJECT / "golden"
    kept = [n for n in CHECKED if keeps_seeds(library().exhibit(n), smoke, [golden])]
    assert kept == ["table3", "fig6", "fig8"]
