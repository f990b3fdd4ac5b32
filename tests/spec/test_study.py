"""A study inherits the built-in one, declares what is its own, and breaks nothing but that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.app import wanted_keys
from harness.check.golden import golden_folder
from harness.check.standard import standard
from harness.cli.init import FILES
from harness.cli.options import exhibits, profiles
from harness.errors import HarnessError
from harness.layout import Layout, find_project, layout
from harness.plan.expand import Plan, expand
from harness.plan.resolve import Setting
from harness.report.results import faults_beforehand
from harness.spec.library import Library, load, read
from tests.synthetic import library as built_in_library

OWN = FILES["specs/own.toml"].format()
CLAIM = OWN[: OWN.index("[[derive]]")]  # without what else the exhibit says
SCALE = """
id = "{0}"
title = "Seconds"
golden = "smoke"
seeds = [0]
numerics = {{ device = "cpu" }}
"""
HEAD = "neuron,quantity,value,place\n"


def study(folder: Path, files: Mapping[str, str] = {}) -> Layout:
    """What `harness init` writes, with these files on top."""
    plain = {name: text.format(name="mine", year=2027) for name, text in FILES.items()}
    for name, text in {**plain, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return layout(folder)


def planned(library: Library, *names: str) -> Plan:
    return expand(library, names, Setting(library.blocks, library.profile("smoke")))


def test_it_has_what_is_inherited_and_its_own_at_any_depth(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = OWN.replace('"own"', '"deep"', 1).replace('figure  = "own"\n', "")
    place = study(
        tmp_path, {"specs/2027/may/deep.toml": deep, "specs/canary/deeper.toml": "id = 1"}
    )
    assert place.folders == (tmp_path, root)
    with pytest.raises(HarnessError, match=r"^specs/canary/deeper\.toml:1: id: "):
        load(place)
    (tmp_path / "specs/canary/deeper.toml").unlink()
    library = load(place)
    assert [*library.exhibits] == [*built_in_library().exhibits, "own", "deep"]
    assert library.profiles == built_in_library().profiles
    forgetful, lif = (library.blocks.neuron[name] for name in ("forgetful", "lif"))
    assert (forgetful.decay, forgetful.surrogate) == (0.25, lif.surrogate)
    monkeypatch.chdir(tmp_path / "specs")
    assert find_project(Path.cwd()) == tmp_path
    assert {"deep", "own", "table1", "all"} <= set(exhibits())
    assert profiles() == ["paper", "quick", "smoke"]


def test_what_is_planned_of_the_built_in_study_is_the_same_there(tmp_path: Path) -> None:
    names = [*built_in_library().exhibits]
    here = planned(load(study(tmp_path)), *names)
    assert here.nodes.keys() == planned(built_in_library(), *names).nodes.keys()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("our", "no document is called 'our' – did you mean 'ours'"),
        ("papr", "no document is called 'papr' – did you mean 'paper'"),
        (
            "thesis",
            r"no document .* declares it: \[documents\.thesis\]; known: beyond, canary, lab, ours",
        ),
    ],
)
def test_a_document_is_declared_in_data(source: str, said: str, tmp_path: Path) -> None:
    wrong = OWN.replace('document = "ours"', f'document = "{source}"')
    library = read(study(tmp_path, {"specs/own.toml": wrong}))
    with pytest.raises(HarnessError, match=rf"^specs/own\.toml:4: source\.document: {said}"):
        library.exhibit("own")
    assert library.exhibit("table1")


TWICE = {
    "exhibit": (
        {"specs/mine/table1.toml": OWN.replace('"own"', '"table1"', 1)},
        r"specs/mine/table1\.toml:2: id: 'table1' is the id of \S+/specs/paper/table1\.toml too",
        "table1",
    ),
    "profile": (
        {"specs/profiles/quick.toml": SCALE.format("quick")},
        r"profiles/quick\.toml:2: id: 'quick' is the id of \S+/specs/profiles/quick\.toml too",
        "",
    ),
    "block": (
        {"specs/blocks/neurons.toml": '[lif-text]\nbase = "lif"\n[forgetful]\nbase = "lif"\n'},
        r"specs/blocks/neurons\.toml:1: lif-text: is a block of \S+/specs/blocks/neurons\.toml too",
        "ablation",
    ),
    "drawing": (
        {"figures/fig3.py": "def draw(frame): ..."},
        r"specs/paper/fig3\.toml:\d+: figure: 'fig3' is figures/fig3\.py and \S+/fig3\.py",
        "fig3",
    ),
}


@pytest.mark.parametrize("kind", TWICE)
def test_a_name_that_both_have_is_told_with_both_files(kind: str, tmp_path: Path) -> None:
    files, said, blocked = TWICE[kind]
    library = read(study(tmp_path, files))
    with pytest.raises(HarnessError, match=said):
        library.require_whole()
    if kind == "profile":
        with pytest.raises(HarnessError, match=said):
            library.profile("quick")
    for name in built_in_library().exhibits:
        assert (name in library.exhibits) is (name != blocked)
    assert planned(library, "own", "table2").nodes


def test_a_document_that_both_declare_is_told_with_both_files(tmp_path: Path) -> None:
    text = 'name = "mine"\ntitle = "Mine"\n[documents.paper]\ntitle = "Another"\n'
    place = study(tmp_path, {"study.toml": text})
    with pytest.raises(HarnessError, match=r"^study\.toml:3: documents\.paper: \S+/study\.toml d"):
        read(place)


def test_a_copy_of_the_checkout_stands_by_itself(project: Path, root: Path) -> None:
    assert layout(project).folders == (project,)
    assert layout(root).folders == (root,)
    text = (project / "study.toml").read_text(encoding="utf-8")
    (project / "study.toml").write_text(text.replace("inherits = false", ""), encoding="utf-8")
    assert layout(project).folders == (project, root)


BROKEN = {
    "an exhibit": {"specs/own.toml": "id = "},
    "a profile": {"specs/profiles/mine.toml": "id = 1"},
    "a file of blocks": {"specs/blocks/neurons.toml": "id = "},
    "a block": {"specs/blocks/neurons.toml": "[forgetful]\ndekay = 1\n"},
    "a drawing": {"figures/own.py": "def draw(frame:"},
    "a golden file": {"golden/smoke/own.csv": "quantity\n", "golden/smoke/contents.toml": ""},
    "a list of golden files": {"golden/smoke/contents.toml": "x = "},
    "tolerances": {
        "golden/smoke/tolerances.toml": "x = ",
        "golden/smoke/own.csv": HEAD + "lif,accuracy,90,here\n",
        "golden/smoke/contents.toml": '["own.csv"]\naccuracy = 1\n',
    },
}


def test_a_golden_file_that_is_not_there_yet_is_told_with_the_way_to_it(tmp_path: Path) -> None:
    named = CLAIM.replace('figure  = "own"', 'golden  = "own.csv"')
    assert named != CLAIM
    library = read(study(tmp_path, {"specs/own.toml": named}))
    with pytest.raises(HarnessError, match="leave it out, then harness golden own measures"):
        library.exhibit("own")


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_file_blocks_no_other_exhibit(what: str, tmp_path: Path) -> None:
    other = CLAIM.replace('"own"', '"other"', 1).replace('"own"', '"other"')
    files = {
        "specs/other.toml": other.replace(', "forgetful"', "").replace('figure  = "other"', ""),
        **BROKEN[what],
    }
    place = study(tmp_path, files)
    library = read(place)
    plan = planned(library, "other", "table1", "fig1")
    assert plan.nodes
    smoke = library.profile("smoke")
    inherited = planned(library, "table1", "fig1", "table3")
    assert list(faults_beforehand(inherited, smoke, place)) == []
    if what != "a list of golden files":  # which might have been to say that `other` has one
        assert list(faults_beforehand(plan, smoke, place)) == []
    if what == "a profile":
        with pytest.raises(HarnessError, match=r"profiles/mine\.toml:1: id: "):
            library.profile("mine")
        return
    with pytest.raises(HarnessError):
        list(map(_raise, faults_beforehand(planned(library, "own"), smoke, place)))


def _raise(fault: HarnessError) -> None:
    raise fault


def test_golden_values_of_its_own_come_first_and_published_ones_stand_once(tmp_path: Path) -> None:
    place = study(tmp_path)
    folders = place.goldens
    assert golden_folder(folders, "smoke", "table1.csv") == folders[1]
    assert golden_folder(folders, "smoke", "own.csv") == folders[0]
    again = {f"golden/{name}/table1.csv": HEAD for name in ("smoke", "paper")}
    place = study(tmp_path, again)
    assert golden_folder(folders, "smoke", "table1.csv") == folders[0]
    with pytest.raises(HarnessError, match=r"/golden/paper/table1\.csv: \S+/golden/paper has it"):
        golden_folder(folders, "paper", "table1.csv")
    (tmp_path / "golden/smoke/table1.csv").unlink()
    (tmp_path / "golden/paper/table1.csv").unlink()
    (tmp_path / "golden/smoke/contents.toml").write_text('["table1.csv"]\naccuracy = 20\n')
    (one,) = planned(read(place), "table1").exhibits
    with pytest.raises(HarnessError, match=r"table1\.csv: is not there, and golden/smoke/contents"):
        standard(one, read(place).profile("smoke"), folders)


def test_what_its_exhibits_ask_for_is_what_gc_keeps(tmp_path: Path) -> None:
    place = study(tmp_path)
    wanted = wanted_keys(place)
    for name in ("own", "table1"):
        assert planned(read(place), name).nodes.keys() <= wanted


def test_a_wrong_study_file_is_told_before_anything(tmp_path: Path) -> None:
    place = study(tmp_path, {"study.toml": 'nam = "mine"\ntitle = ""\n'})
    with pytest.raises(HarnessError) as caught:
        read(place)
    said = str(caught.value)
    assert re.search(r"study\.toml:1: nam: not a field here.* – did you mean 'name'", said)
    assert "study.toml:2: title: " in said
