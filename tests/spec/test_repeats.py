"""A claim of a control repeats that of another exhibit, and says only what differs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import Faults
from harness.layout import Layout
from harness.spec.library import Library, load
from harness.spec.schema import schema_of

CONTROL = """#:schema ../schema/exhibit.json
id      = "control"
title   = "A control"
source  = { document = "beyond", place = "here" }
measure = { kind = "cka", map = "ann-snn", also = ["corrected"], x = { neuron = "lif" }, y = { neuron = "relu" } }

[grid]
width = [1, 8]

[fixed]
network = "resnet"
dataset = "cifar10"
recipe  = "paper"
depth   = 20

"""  # noqa: E501 - as a spec has it


@pytest.fixture
def project(tmp_path: Path, root: Path) -> Path:
    """One with an exhibit of the paper and one that repeats its claims."""
    for folder in ("blocks", "profiles"):
        shutil.copytree(root / "specs" / folder, tmp_path / "specs" / folder)
    for name in ("paper/fig2", "beyond/beyond-width"):
        path = tmp_path / f"specs/{name}.toml"
        path.parent.mkdir()
        shutil.copy(root / f"specs/{name}.toml", path)
    shutil.copy(root / "study.toml", tmp_path)
    return tmp_path


def read(project: Path, claims: str) -> Library:
    (project / "specs/beyond/control.toml").write_text(CONTROL + claims, encoding="utf-8")
    return load(Layout(project, project / "store", project / "out", project / "data"))


def refused(project: Path, claims: str) -> str:
    with pytest.raises(Faults) as caught:
        read(project, claims)
    return "\n".join(map(str, caught.value.faults))


REPEATED = """[[claim]]
repeats = ["fig2/width-8-above-0.8", "fig2/higher-with-width"]
under   = "corrected"
suffix  = "corrected"
where   = { map = "ann-snn-corrected" }
"""


def test_it_has_all_that_it_does_not_say_from_the_other(project: Path) -> None:
    library = read(project, REPEATED)
    theirs = next(one for one in library.exhibits["fig2"].claim if one.id == "width-8-above-0.8")
    ours, other = library.exhibits["control"].claim
    assert (ours.id, other.id) == ("width-8-above-0.8-corrected", "higher-with-width-corrected")
    assert ours.text == theirs.text
    assert ours.place == f"{theirs.place}, corrected"
    assert (ours.repeats, ours.under) == ("fig2/width-8-above-0.8", "corrected")
    assert ours.test.basis == theirs.test.basis
    # depth is no axis here: it is held at the level of which the claim speaks
    assert dict(theirs.test.where) == {"depth": 20, "width": 8}
    assert dict(ours.test.where) == {"width": 8, "map": "ann-snn-corrected"}
    assert (theirs.repeats, theirs.under) == ("", "")


def test_what_it_says_itself_takes_the_place_of_what_the_other_says(project: Path) -> None:
    claims = 'repeats = "fig2/brighter-with-width"\nunder = "of curves"\nquantity = "diagonal"\n'
    claims += 'along = "layer"\nwhere = { width = 8, map = "ann-snn" }\n'
    (claim,) = read(project, f"[[claim]]\n{claims}").exhibits["control"].claim
    assert claim.id == "brighter-with-width"
    assert claim.test.quantities() == ("diagonal",)
    assert claim.test.axes() == ("layer",)
    assert dict(claim.test.where) == {"width": 8, "map": "ann-snn"}


# change of REPEATED, what is said
WRONG = [
    ('"fig2/higher-with-width"', '"fig2/higher-with-widths"', "did you mean 'fig2/higher-with"),
    ('"fig2/higher-with-width"', '"figs2/brighter"', "repeats: no exhibit has such a claim"),
    ('"fig2/higher-with-width"', '"beyond-width/depth-164-dark"', "name 'fig2/depth-164-dark'"),
    (
        '"fig2/higher-with-width"',
        '"higher-with-width"',
        "(got 'higher-with-width') – name it as exhibit/claim, as fig2/higher-with-width",
    ),
    ('"fig2/higher-with-width"', '"higher"', "– name it as exhibit/claim, as "),
    ('"fig2/higher-with-width"', '"fig2/width-8-above-0.8"', "two claims are called"),
    ("under   =", "unter   =", "did you mean 'under'"),
    ('under   = "corrected"', "", "under: is missing"),
    ('map = "ann', 'maps = "ann', "adds 'maps'"),
    ("where   = {", "where   = { depth = 56,", "adds 'depth'"),
    ("where   = {", "where   = { width = 2,", "no grid has the level 2 of 'width'"),
    ("where   =", 'quantity = "means"\nwhere =', "gives 'means'"),
    ("suffix  =", "suffix = 3 #", "suffix: must be a valid string"),
    ('"corrected"\nwhere', '"of all"\nwhere', "suffix: "),
    ("repeats = [", "repeats = 3 # [", "repeats"),
    ("where   = { map", "where   = 3 # { map", "where"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG)
def test_what_is_wrong_with_it_is_told_where_it_stands(
    old: str, new: str, said: str, project: Path
) -> None:
    assert old in REPEATED
    text = REPEATED.replace(old, new, 1)
    faults = refused(project, text)
    assert said in faults
    first = CONTROL.count("\n") + 1
    last = first + text.count("\n")
    lines = {int(one.split(":")[1]) for one in faults.splitlines() if "control.toml:" in one}
    if said != "two claims are called":  # of the list of them, not of one
        assert lines <= set(range(first, last + 1))


@pytest.mark.parametrize("typed", ["repeat", "repeates", "Repeats"])
def test_a_misspelt_repeat_is_all_that_is_said_of_a_claim(typed: str, project: Path) -> None:
    faults = refused(project, REPEATED.replace("repeats", typed))
    assert faults.splitlines() == [faults]
    assert f"{typed}: not a field here – did you mean 'repeats'?" in faults


def test_a_claim_of_a_broken_exhibit_is_told_with_what_is_wrong_there(project: Path) -> None:
    path = project / "specs/paper/fig2.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("[fixed]", "[fixd]"))
    faults = refused(project, REPEATED)
    assert "fig2.toml" in faults
    assert "did you mean 'fixed'" in faults


def test_its_schema_knows_what_it_may_say_and_no_claim_may_say_it_by_itself() -> None:
    made = schema_of("exhibit")
    assert {"repeats", "under"} == set(made["$defs"]["Repeat"]["required"])
    assert not {"repeats", "under"} & set(made["$defs"]["Claim"]["properties"])
