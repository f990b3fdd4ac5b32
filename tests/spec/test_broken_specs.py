"""Broken specs: each is refused with exit code 2, at `file:line`, before anything could run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import main
from harness.errors import ExitCode, HarnessError
from harness.layout import layout
from harness.plan.expand import expand
from harness.plan.resolve import Setting
from harness.spec.library import load, read
from harness.spec.overrides import check_overrides, parse_override

TABLE1 = "specs/paper/table1.toml"
SMOKE = "specs/profiles/smoke.toml"
NEURONS = "specs/blocks/neurons.toml"
RECIPES = "specs/blocks/recipes.toml"
DATASETS = "specs/blocks/datasets.toml"
FIG2 = "specs/paper/fig2.toml"
FIG8 = "specs/paper/fig8.toml"
CKA = "specs/blocks/cka.toml"


def swap(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text, f"the spec no longer holds {old!r}"
        return text.replace(old, new, 1)

    return change


def put(text: str) -> Callable[[str], str]:
    return lambda before: text + before


DEPTHS = "depth  = [20, 38, 56, 110, 164]"

# name, file, change, what the message must say (a regular expression)
BROKEN: list[tuple[str, str, Callable[[str], str], str]] = [
    (
        "typo in an axis",
        TABLE1,
        swap("depth  =", "dept   ="),
        r"table1\.toml:\d+: grid\.0\.dept: .*did you mean 'depth'",
    ),
    (
        "an axis by its name before",
        "specs/paper/table2.toml",
        swap("stages_without_shortcut =", "residual ="),
        r"table2\.toml:20: grid\.0\.residual: .*it is called 'stages_without_shortcut' now",
    ),
    (
        "an axis of a claim by its name before",
        "specs/paper/table2.toml",
        swap("where = { stages_without_shortcut =", "where = { residual ="),
        r"claim\.\d\.test\.where\.residual: .*it is called 'stages_without_shortcut' now",
    ),
    (
        "a field of a block by its name before",
        "specs/blocks/networks.toml",
        swap("stages_without_shortcut =", "branch_scale ="),
        r"networks\.toml:\d+: resnet\.branch_scale: .*it is called 'residual_scale' now",
    ),
    (
        "a part that a profile changes by its name before",
        SMOKE,
        swap("[change.activation_maximisation]", "[change.ascent]"),
        r"smoke\.toml:\d+: change\.ascent: .*it is called 'activation_maximisation' now",
    ),
    (
        "typo at the top",
        TABLE1,
        swap("title   =", "titel   ="),
        r"table1\.toml:3: titel: .*did you mean 'title'",
    ),
    (
        "a claim of a quantity that nobody measures",
        TABLE1,
        swap(
            'kind = "rank_correlation", quantity = "gap"',
            'kind = "rank_correlation", quantity = "gep"',
        ),
        r"table1\.toml:\d+: claim\.\d\.test\.quantity: no measure .*'gep' – did you mean 'gap'",
    ),
    (
        "a difference of a quantity that nobody measures",
        TABLE1,
        swap('of         = "accuracy"', 'of         = "acuracy"'),
        r"table1\.toml:31: derive\.0\.of: no measure .*'acuracy' – did you mean 'accuracy'",
    ),
    (
        "a derived quantity that is half a difference and half a ratio",
        TABLE1,
        swap("subtrahend", "divisor   "),
        r"table1\.toml:\d+: derive\.0: must have a minuend and a subtrahend, or a dividend and a",
    ),
    (
        "a difference over what is no axis",
        TABLE1,
        swap('over       = "neuron"', 'over       = "neurn"'),
        r"table1\.toml:\d+: derive\.0\.over: neither the grid varies nor the measure adds 'neurn'",
    ),
    (
        "a typo in the kind of a measure",
        TABLE1,
        swap('kind = "accuracy"', 'kind = "acuracy"'),
        r"table1\.toml:\d+: measure\.0: must name its kind.* – did you mean 'accuracy'",
    ),
    (
        "a claim along what is no axis",
        TABLE1,
        swap('along = "width"', 'along = "widht"'),
        r"table1\.toml:\d+: claim\.0\.test\.along: neither the grid varies nor the measure adds"
        r" 'widht' – did you mean 'width'",
    ),
    (
        "a claim held at what is no axis",
        TABLE1,
        swap("where = { depth = 20 }", "where = { layer = 20 }"),
        r"table1\.toml:\d+: claim\.0\.test\.where\.layer: neither the grid varies nor the measure",
    ),
    (
        "a claim that reads a level which no grid has",
        "specs/paper/fig8.toml",
        swap('low = { neuron = "lif" }', 'low = { neuron = "liff" }'),
        r"fig8\.toml:\d+: claim\.0\.test\.low\.neuron: no grid has the level 'liff' of 'neuron'"
        r" – did you mean 'lif'",
    ),
    (
        "a claim that reads a map which no measure makes",
        "specs/beyond/beyond-null.toml",
        swap(
            'where = { map = "ann-snn-beyond-chance" }, ab',
            'where = { map = "ann-snn-chance" }, ab',
        ),
        r"beyond-null\.toml:\d+: claim\.\d\.test\.where\.map: no measure has the level"
        r" 'ann-snn-chance' of 'map' – did you mean 'ann-snn-beyond-chance'",
    ),
    (
        "a control that repeats a claim of a map which no measure makes",
        "specs/beyond/beyond-null.toml",
        swap('where   = { map = "ann-snn-beyond-class" }', 'where   = { map = "ann-snn-rsaa" }'),
        r"beyond-null\.toml:\d+: claim\.\d.*map: no measure has the level 'ann-snn-rsaa' of 'map'",
    ),
    (
        "a difference from a level which no grid has",
        TABLE1,
        swap('minuend    = "relu"', 'minuend    = "rel"'),
        r"table1\.toml:\d+: derive\.0\.minuend: no grid has the level 'rel' of 'neuron' – did you"
        r" mean 'relu'",
    ),
    (
        "a threshold without its basis",
        TABLE1,
        swap("below = 0.0", "below = -0.5"),
        r"table1\.toml:\d+: claim\.0\.test: a threshold other than 0 needs its basis",
    ),
    (
        "typo in a block",
        NEURONS,
        swap("decay ", "decai "),
        r"neurons\.toml:\d+: .*did you mean 'decay'",
    ),
    (
        "typo in a profile",
        SMOKE,
        swap("seeds ", "seads "),
        r"smoke\.toml:\d+: .*did you mean 'seeds'",
    ),
    (
        "typo in a changed field",
        SMOKE,
        swap("base_width ", "base_widht "),
        r"smoke\.toml:\d+: change\.network\.base_widht: .*did you mean 'base_width'",
    ),
    (
        "text for a number",
        TABLE1,
        swap("[20, 38", '["20", 38'),
        r"table1\.toml:\d+: .*integer \(got \"20\"\)",
    ),
    (
        "truth for a number",
        RECIPES,
        swap("epochs       = 300", "epochs = true"),
        r"recipes\.toml:\d+: .*integer \(got true\)",
    ),
    (
        "number for text",
        TABLE1,
        swap('"Table 1, p. 6"', "6"),
        r"table1\.toml:\d+: source\.place: .*string \(got 6\)",
    ),
    (
        "fraction for a count",
        TABLE1,
        swap("[20, 38", "[20.5, 38"),
        r"table1\.toml:\d+: .*\(got 20\.5\)",
    ),
    (
        "number below range",
        NEURONS,
        swap("threshold          = 1.0", "threshold = -1.0"),
        r"neurons\.toml:\d+: .*greater than 0",
    ),
    (
        "number above range",
        NEURONS,
        swap("decay              = 0.5", "decay = 1.5"),
        r"neurons\.toml:\d+: .*less than or equal to 1",
    ),
    (
        "not a number",
        NEURONS,
        swap("decay              = 0.5", "decay = nan"),
        r"neurons\.toml:\d+: lif\.decay: must be a finite number",
    ),
    ("infinite", RECIPES, swap("lr           = 0.1", "lr = inf"), r"recipes\.toml:\d+: .*finite"),
    (
        "a date",
        TABLE1,
        swap('id      = "table1"', "id = 2023-04-01"),
        r"table1\.toml:2: id: must not be a date",
    ),
    (
        "unknown neuron of a side",
        FIG2,
        swap('neuron = "relu"', 'neuron = "rely"'),
        r"fig2\.toml:\d+: measure\.0: .*'rely' – did you mean 'relu'",
    ),
    (
        "unknown field of a side",
        FIG2,
        swap('{ neuron = "relu" }', '{ nueron = "relu" }'),
        r"fig2\.toml:\d+: measure\.0\.y\.nueron: .*did you mean 'neuron'",
    ),
    (
        "unknown block of a measure",
        FIG8,
        swap('attack = "pgd"', 'attack = "pgdd"'),
        r"fig8\.toml:\d+: measure\.0\.attack: no attack block .*did you mean 'pgd'",
    ),
    (
        "falling radii",
        FIG8,
        swap("[0.001, 0.005", "[0.005, 0.001"),
        r"fig8\.toml:\d+: measure\.0\.epsilon: must rise",
    ),
    (
        "a claim along a column that the measure has not",
        FIG8,
        swap("{ epsilon = 0 }", "{ epsilom = 0 }"),
        r"fig8\.toml:\d+: .*'epsilom' – did you mean 'epsilon'",
    ),
    (
        "a rest of images",
        CKA,
        swap("images    = 4096", "images    = 4000"),
        r"cka\.toml:\d+: paper: images 4000 are no whole number of batches 1024",
    ),
    (
        "a rest of images by a profile",
        SMOKE,
        swap("images = 512", "images = 500"),
        r"smoke\.toml: change\.cka\.\w+: images 500 are no whole number of batches 256",
    ),
    (
        "unknown field of a measurement",
        SMOKE,
        swap("images = 512", "image = 512"),
        r"smoke\.toml:\d+: change\.cka\.image: .*did you mean 'images'",
    ),
    (
        "missing field",
        TABLE1,
        swap("measure = {", "# measure = {"),
        r"table1\.toml:\d+: measure: is missing",
    ),
    (
        "unknown measure",
        TABLE1,
        swap('kind = "accuracy"', 'kind = "acuracy"'),
        r"table1\.toml:\d+: measure\.0: .*'accuracy'",
    ),
    (
        "unknown block",
        TABLE1,
        swap('recipe  = "paper"', 'recipe = "papr"'),
        r"table1\.toml:\d+: fixed\.recipe: .*did you mean 'paper'",
    ),
    (
        "unknown block in the grid",
        TABLE1,
        swap('"lif"]', '"liff"]'),
        r"table1\.toml:\d+: grid\.0\.neuron: .*did you mean 'lif'",
    ),
    (
        "unknown substitute",
        SMOKE,
        swap('cifar10      = "digits"', 'cifar10 = "digts"'),
        r"smoke\.toml:\d+: .*did you mean 'digits'",
    ),
    (
        "no block named at all",
        TABLE1,
        swap('network = "resnet"\n', ""),
        r"table1\.toml:\d+: grid\.0: names no network",
    ),
    (
        "unknown base",
        NEURONS,
        swap('base               = "lif"', 'base = "lift"'),
        r"neurons\.toml:\d+: lif-text\.base: no such block",
    ),
    (
        "a cycle of bases",
        NEURONS,
        swap("[lif]  ", '[lif]\nbase = "lif-text"\n#'),
        r"neurons\.toml:\d+: .*cycle: .*lif",
    ),
    (
        "two levels of bases",
        NEURONS,
        swap("[relu]", '[third]\nbase = "lif-text"\n\n[relu]'),
        r"neurons\.toml:\d+: third\.base: .*one level",
    ),
    (
        "a base whose own base is no name",
        NEURONS,
        swap("[lif]  ", '[lif]\nbase = ["x"]\n#'),
        r"neurons\.toml:\d+: lif\.base: no such block \(got \['x'\]\)",
    ),
    (
        "a character that turns the text around",
        TABLE1,
        swap("CIFAR-10", "CIFAR-10\u202e"),
        r"table1\.toml:3: holds U\+202E \(right-to-left override\), which no spec needs",
    ),
    (
        "a number without end",
        TABLE1,
        swap("[20, 38", f"[{'9' * 5000}, 38"),
        r"table1\.toml: not TOML: .*5000 digits",
    ),
    ("not TOML", TABLE1, swap("depth  = [", "depth  = [["), r"table1\.toml(:\d+)?: not TOML"),
    ("a key twice", TABLE1, put('id = "table1"\n'), r"table1\.toml(:\d+)?: not TOML: .*overwrite"),
    ("not UTF-8", TABLE1, swap("CIFAR-10", "CIFAR-10\udcff"), r"table1\.toml:3: is not UTF-8"),
    (
        "id of another file",
        TABLE1,
        swap('id      = "table1"', 'id = "table9"'),
        r"table1\.toml:2: id: .*name the file table9\.toml",
    ),
    (
        "golden outside the project",
        TABLE1,
        swap('"table1.csv"', '"../../../etc/passwd.csv"'),
        r"table1\.toml:\d+: golden: ",
    ),
    (
        "golden that is not there",
        TABLE1,
        swap('"table1.csv"', '"tabel1.csv"'),
        r"table1\.toml:\d+: golden: .*did you mean 'table1\.csv'",
    ),
    (
        "drawing that is not there",
        TABLE1,
        swap('figure  = "table1"', 'figure = "tabel1"'),
        r"table1\.toml:\d+: figure: .*did you mean 'table1'",
    ),
    (
        "a drawing in no module",
        TABLE1,
        swap('figure  = "table1"', 'figure = "nobody.there:draw"'),
        r"table1\.toml:\d+: figure: no module 'nobody'",
    ),
    (
        "huge grid",
        TABLE1,
        swap(DEPTHS, f"depth = {list(range(8, 60008, 6))}"),
        r"table1\.toml:\d+: grid\.0: .*a grid of 20,000 points",
    ),
    (
        "a value twice",
        TABLE1,
        swap("[20, 38", "[20, 20, 38"),
        r"table1\.toml:\d+: grid\.0: .*a value stands twice",
    ),
    ("empty axis", TABLE1, swap(DEPTHS, "depth = []"), r"table1\.toml:\d+: grid\.0\.depth: "),
    (
        "a depth that no ResNet has",
        TABLE1,
        swap("[20, 38", "[20, 39"),
        r"table1\.toml:\d+: depth: must be 6n\+2",
    ),
    (
        "axis by a path that is none",
        TABLE1,
        swap(DEPTHS, '"neuron.treshold" = [0.5, 1]'),
        r"table1\.toml:\d+: grid\.0\.neuron\.treshold: .*did you mean 'neuron\.threshold'",
    ),
    (
        "axis by a path that has a word",
        TABLE1,
        swap(DEPTHS, '"network.depth" = [20]'),
        r"table1\.toml:\d+: grid\.0\.network\.depth: it is the axis 'depth'",
    ),
    (
        "axis by a path without quotes",
        TABLE1,
        swap(DEPTHS, "recipe.lr = [0.1]"),
        r"table1\.toml:\d+: grid\.0\.recipe: .*stands in quotes: \"recipe\.lr\"",
    ),
    (
        "axis of tables",
        TABLE1,
        swap(DEPTHS, '"neuron.surrogate" = [{ kind = "dspike" }]'),
        r"table1\.toml:\d+: grid\.0\.neuron\.surrogate\.0: must be a number, a word",
    ),
    (
        "varied and fixed",
        TABLE1,
        swap("[fixed]", "[fixed]\ndepth = 20"),
        r"table1\.toml:\d+: .*'depth' is both varied",
    ),
    (
        "claim along no axis",
        TABLE1,
        swap('along = "width"', 'along = "time_steps"'),
        r"table1\.toml:\d+: claim\.0\.test\.along: ",
    ),
    (
        "two claims of one name",
        TABLE1,
        swap('"gap-not-monotone-with-depth"', '"gap-falls-with-width"'),
        r"table1\.toml:\d+: claim: two claims",
    ),
    ("bad checksum", DATASETS, swap("md5:c99c", "md5:zzzz"), r"datasets\.toml:\d+: cifar10\.files"),
    (
        "mirror that is no address",
        DATASETS,
        swap("https://www.cs", "file:///etc/x"),
        r"datasets\.toml:\d+: cifar10\.mirrors: ",
    ),
    (
        "a block that is no table",
        NEURONS,
        put("relu2 = 3\n"),
        r"neurons\.toml:1: relu2: must be a table",
    ),
]


@pytest.mark.parametrize(
    ("file", "change", "said"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_a_broken_spec_is_refused_where_it_is_broken(
    project: Path, file: str, change: Callable[[str], str], said: str
) -> None:
    path = project / file
    text = change(path.read_text(encoding="utf-8"))
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(HarnessError) as caught:
        library = load(layout(project))
        for profile in library.profiles.values():
            expand(library, tuple(library.exhibits), Setting(library.blocks, profile))
    assert re.search(said, str(caught.value)), str(caught.value)
    assert caught.value.code == ExitCode.USAGE


def test_a_broken_spec_blocks_nobody_who_does_not_need_it(project: Path) -> None:
    for file, change in (
        (TABLE1, swap("title   =", "titel   =")),
        (FIG8, swap("kind", "kint")),
        (NEURONS, put('[gone]\nkind = "nobody.there:Neuron"\n')),
        (FIG2, swap('kind = "cka"', 'kind = "nobody.there:Measure"')),
        (NEURONS, swap("[if]", "[if]\ndekay = 1")),
    ):
        path = project / file
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    library = read(layout(project))
    setting = Setting(library.blocks, library.profile("smoke"))
    assert expand(library, ["table2"], setting).nodes
    with pytest.raises(HarnessError, match="titel"):
        library.exhibit("table1")
    with pytest.raises(HarnessError, match=r"neurons\.toml:\d+: if\.dekay: not a field here"):
        check_overrides([parse_override("neuron=if")], library.blocks)
    with pytest.raises(HarnessError, match=r"fig2\.toml:\d+: measure\.0\.kind: no module 'nobody'"):
        library.exhibit("fig2")
    with pytest.raises(HarnessError, match=r"neurons\.toml:2: gone\.kind: no module 'nobody'"):
        check_overrides([parse_override("neuron=gone")], library.blocks)
    with pytest.raises(HarnessError, match="titel"):  # as who asks for all
        library.require_whole()


def test_all_faults_of_all_files_are_said_at_once(project: Path) -> None:
    for file, change in (
        (TABLE1, swap("title   =", "titel   =")),
        (TABLE1, swap("depth  =", "dept   =")),
        (SMOKE, swap("seeds ", "seads ")),
    ):
        path = project / file
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(HarnessError) as caught:
        load(layout(project))
    said = str(caught.value)
    assert "titel" in said
    assert "dept" in said
    assert "seads" in said


def test_the_same_id_in_two_files_is_refused(project: Path) -> None:
    text = (project / TABLE1).read_text(encoding="utf-8")
    (project / "specs/lab").mkdir(exist_ok=True)
    (project / "specs/lab/table1.toml").write_text(text, encoding="utf-8")
    said = r"paper/table1\.toml:2: id: 'table1' is the id of specs/lab/table1\.toml too"
    with pytest.raises(HarnessError, match=said):
        load(layout(project))
    with pytest.raises(HarnessError, match=said):  # neither is taken for the other
        read(layout(project)).exhibit("table1")


def test_a_link_out_of_the_project_is_refused(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.toml"
    outside.write_text('id = "outside"\n', encoding="utf-8")
    (project / "specs/paper/outside.toml").symlink_to(outside)
    with pytest.raises(HarnessError, match="leads out of the project"):
        load(layout(project))


def test_a_huge_file_is_refused_before_it_is_parsed(project: Path) -> None:
    (project / TABLE1).write_text("#" * 1_000_001, encoding="utf-8")
    with pytest.raises(HarnessError, match="1,000,001 bytes"):
        load(layout(project))


def test_deep_nesting_is_an_error_not_a_crash(project: Path) -> None:
    (project / TABLE1).write_text("x = " + "[" * 50_000 + "]" * 50_000, encoding="utf-8")
    with pytest.raises(HarnessError, match="nested too deeply"):
        load(layout(project))


def test_the_command_line_ends_with_2_and_one_line_per_fault(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project / TABLE1
    text = swap("title   =", "titel   =")(path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["harness", "plan", "table1", "--project", str(project)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "specs/paper/table1.toml:1: title: is missing"
    assert lines[1].startswith("specs/paper/table1.toml:3: titel: not a field here (got ")
    assert lines[1].endswith("– did you mean 'title'?")
    assert len(lines) == 2
