"""What a clumsy user types, and the answer: what was wrong, what was got, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.typed import typed

# typed, what the answer must say; {T} is a folder with a `file`, an `empty` folder, a store of
# another `version`, a `foreign` folder and a folder of `results` within an `out`
WRONG = [
    # commands and their options
    ("repoduce table1", "harness: no such command 'repoduce' – did you mean 'reproduce'?"),
    ("export pieces", "no such command 'export' – it is harness pack FILE.zip --runs"),
    ("import pieces", "no such command 'import' – it is harness unpack FILE.zip --runs"),
    ("--nonsense", "harness: no such option --nonsense – harness --help lists them"),
    ("--store x plan table1", "no such option --store"),
    ("plan table1 --profil smoke", "no such option --profil – did you mean '--profile'?"),
    ("plan table1 --jobs 2", "no such option --jobs – harness reproduce, check, golden have it"),
    ("plan table1 -p smoke", "harness plan: no such option -p – known: --costs, --data-dir, "),
    (
        "reproduce table1 --json",
        "no such option --json – harness list, plan, worker, runs, show, diff, ",
    ),
    ("list --profile smoke", "no such option --profile – harness plan, reproduce, report"),
    (
        "reproduce --store {T}/empty",
        "harness reproduce: no exhibit is named – name some, or all: harness reproduce all",
    ),
    (
        "reproduce table1 --executor slurm",
        "harness reproduce: --executor must be one of local, ray (got 'slurm')",
    ),
    ("reproduce table1 --pin a=b", "--pin: is for a Ray cluster – add --executor ray"),
    ("plan table1 --quiet=maybe", "--quiet must be true or false (got 'maybe')"),
    ("list table1", "list table1: no such things – known: attacks, axes, datasets, "),
    ("plan table1 --profile", "harness plan: --profile needs a value"),
    ("plan table1 --set", "harness plan: --set needs a value"),
    ("reproduce table1 -j", "harness reproduce: -j needs a value"),
    ("reproduce table1 -j0", "--jobs must be greater than or equal to 1 (got '0')"),
    ("reproduce table1 --jobs -1", "--jobs must be greater than or equal to 1 (got '-1')"),
    ("reproduce table1 --jobs=many", "--jobs must be a valid integer (got 'many')"),
    ("reproduce table1 -qv", "--quiet --verbose: contradict each other – leave one out"),
    ("gc --older-than-days week", "--older-than-days must be a valid number (got 'week')"),
    ("gc --older-than-days -1", "must be greater than or equal to 0 (got '-1')"),
    ("gc --older-than-days nan --yes", "--older-than-days must be a finite number (got 'nan')"),
    ("worker {T}/file --for nan", "--for must be a finite number (got 'nan')"),
    ("worker {T}/file --for inf", "--for must be less than or equal to 1000000000 (got 'inf')"),
    ("worker {T}/file --for 1e400", "--for must be less than or equal to 1000000000"),
    ("worker {T}/file --for 1e300", "--for must be less than or equal to 1000000000"),
    ("diff {T}/results {T}/results --within nan", "--within must be a finite number (got 'nan')"),
    ("diff {T}/results {T}/results --within inf", "--within must be a finite number (got 'inf')"),
    ("verify --reparir", "no such option --reparir – did you mean '--repair'?"),
    ("schema neuron", "schema neuron: no such kind – did you mean 'neurons'?"),
    ("check table1 --canary", "--canary: has runs of its own, not of an exhibit – leave names"),
    ("check --canary --set depth=20", "--canary: has runs of its own, not of an exhibit"),
    ("check --canary --no-canary", "--canary --no-canary: contradict each other"),
    ("check --fresh --stored", "--fresh --stored: contradict each other – leave one out"),
    ("check --canary --repacked-data", "--canary: has runs of its own, not of an exhibit"),
    ("check --canary --device gpu", "--device must be one of cpu, cuda (got 'gpu')"),
    # exhibits and profiles
    ("plan tabel1", "tabel1: no such exhibit – did you mean 'table1'?"),
    ("plan Table1", "Table1: no such exhibit – did you mean 'table1'?"),
    ("plan table1,table2", "no such exhibit – names stand apart: table1 table2"),
    ("plan 'table1 table2'", "no such exhibit – names stand apart: table1 table2"),
    ("plan specs/paper/table1.toml", "no such exhibit – did you mean 'table1'?"),
    ("plan 'tabel*'", "tabel*: no exhibit is called so – harness list shows them"),
    ("plan 42", "42: no such exhibit – harness list shows them"),
    ("plan ''", "'': no such exhibit – harness list shows them"),
    ("plan table1 --profile smok", "--profile smok: no such profile – did you mean 'smoke'?"),
    ("plan table1 --profile gpu", "--profile gpu: no such profile – known: paper, quick, smoke"),
    ("plan table1 --profile=", "--profile=: is empty – give a value or leave it out"),
    ("plan table1 --profile --json", "harness plan: --profile needs a value"),
    # changes of specs
    ("plan table1 --set recipe.epochs", "must read name=value – as in recipe.epochs=2"),
    ("plan table1 --set recipe.epochs=", "must read name=value – as in recipe.epochs=2"),
    ("plan table1 --set depth=", "must read name=value"),
    ("plan table1 --set recipe.epoch=3", "did you mean 'recipe.epochs'?"),
    ("plan table1 --set epochs=3", "did you mean 'recipe.epochs' or 'probe.epochs'"),
    ("plan table1 --set seeds=0,1", "did you mean 'seed'?"),
    ("plan table1 --set recipe.epochs=-3", "must be greater than or equal to 0 (got -3)"),
    ("plan table1 --set recipe.epochs=two", 'must be a valid integer (got "two")'),
    ("plan table1 --set recipe.epochs=2.5", "must be a valid integer (got 2.5)"),
    ("plan table1 --set neuron.time_steps=1,2", "it is the axis 'time_steps'"),
    ("plan table1 --set neuron.decay=2", "must be less than or equal to 1 (got 2)"),
    ("plan table1 --set depth=[]", "must be a valid integer (got [])"),
    ("plan table1 --set attack=fgsm", "changes nothing: no run of these exhibits has such a"),
    ("plan table1 --set recipe.betas=[0.8,0.9]", "has such a field, or uses it"),
    ("plan fig8 --set attack=pdg", "no attack block is called 'pdg' – did you mean 'pgd'?"),
    ("plan table1 --only dept=20", "these exhibits have no such axis – did you mean 'depth'?"),
    ("plan table1 --only depth=21", "have no cell at depth 21 – there are 20, 38, 56, 110, 164"),
    ("plan table1 --only depth=38,width=2", "no cell of table1 lies there – leave some of it out"),
    ("plan table1 --only 20", "--only 20: must read name=level – as in depth=20,32"),
    ("check --canary --only depth=20", "leave names, --set, --only, --profile and data out"),
    ("plan table1 --set depth=21", "must be 6n+2 – nearest are 20 and 26 (got 21)"),
    ("plan table1 --set depth=20,20", "--set depth=20,20: a value stands twice in [20, 20]"),
    ("plan table1 --set seed=-1", "must be greater than or equal to 0 (got -1)"),
    ("plan table1 --set neuron=lief", "no neuron block is called 'lief' – did you mean 'lif'?"),
    ("plan table1 --set dataset=mnist", "called 'mnist' – did you mean 'n-mnist'?"),
    ("plan table1 --set depth=20 38", "38: no such exhibit"),
    (
        "plan table1 --set cka.images=8",
        "changes nothing: no run of these exhibits has such a field",
    ),
    (
        "plan all --set cka.images=8",
        "ablation-cka names blocks that differ in it: paper, published-code, small-batches, biased "
        "– choose blocks by --set cka=, name other exhibits than ablation-cka, or change specs/",
    ),
    ("plan fig2 --set neuron=lif", "names its neurons itself – set fields of them"),
    (
        "plan table1 --set recipe.epochs=2 --set recipe.epochs=3",
        "recipe.epochs is set before, by --set recipe.epochs=2 – leave one out",
    ),
    ("plan table1 --device gpu", "--device must be one of cpu, cuda (got 'gpu')"),
    ("plan table1 --device cpu --set numerics.device=cpu", "numerics.device is set before"),
    # folders
    ("plan table1 --project {T}/nowhere", "nowhere: no such folder – name a study"),
    (
        "plan table1 --project {T}",
        "holds no study.toml – name a study; harness init",
    ),
    ("plan table1 --store {T}/file", "file/format: Not a directory – choose another --store"),
    ("plan table1 --store {T}/version", "the store has format 99, this harness reads format 1"),
    ("plan table1 --store {T}/foreign", "the folder is not a store (it holds 'a' but"),
    (
        "plan table1 --repacked-data --data-dir {T}",
        "holds no repacked CIFAR set for these exhibits – name the folder above",
    ),
    ("verify --store {T}/nowhere", "nowhere: no such folder"),
    ("gc --store {T}/nowhere", "nowhere: no such folder"),
    ("reproduce tableD1 --store {T}/empty --out {T}/file", "file: is a file, not a folder"),
    ("reproduce tableD1 --store {T}/file/x --out {T}/out", "Not a directory – choose another"),
    ("report tableD1 --store {T}/empty --out {T}/file/x", "is a file, not a folder"),
    ("report tableD1 --store {T}/empty --out=", "--out=: is empty – give a value or leave it out"),
    ("report tableD1 --store {T}/empty --out ''", "--out '': is empty – give a value or leave it"),
    ("reproduce tableD1 --store=", "--store=: is empty"),
    ("plan tableD1 --data-dir ''", "--data-dir '': is empty"),
    ("list --project=", "--project=: is empty"),
    ("plan tableD1 --write-nodes=", "--write-nodes=: is empty"),
    ("plan lab-fig4 --weights ''", "--weights '': is empty"),
    # results
    ("diff", "harness diff: needs A"),
    ("diff {T}/out/results", "harness diff: needs B"),
    ("diff {T}/nowhere {T}/empty", "nowhere: no such folder – name one like out/smoke"),
    ("diff {T}/file {T}/empty", "file: is a file, not a folder of results"),
    ("diff {T}/empty {T}/empty", "empty: holds no results – harness reproduce and harness report"),
    ("diff {T}/out {T}/empty", "out: holds no results – did you mean"),
    ("diff {T}/out/results/table1 {T}/empty", "it is one exhibit; name the folder above it"),
    ("diff {T}/out/results {T}/empty", "verdict.json: is not JSON"),
    ("diff {T}/empty {T}/empty --within -1", "--within must be greater than or equal to 0"),
    ("diff {T}/empty {T}/empty --json --markdown", "--markdown --json: exclude each other"),
    # golden values
    ("golden", "harness golden: needs EXHIBIT, or --canary"),
    ("golden --canary --seeds 12", "--canary: has runs of its own, not of an exhibit"),
    ("golden --canary --profile quick", "--canary: has runs of its own, not of an exhibit"),
    ("golden --exhibit table1", "harness golden: no such option --exhibit"),
    ("golden table1 --canary", "--canary: has runs of its own, not of an exhibit"),
    ("golden --canary --course", "--canary: has runs of its own, not of an exhibit"),
    ("golden table1 --only depth=20", "--only: is for --course – a golden file holds the whole"),
    ("golden table1 --course --only depth=21", "these exhibits have no cell at depth 21"),
    ("golden tableD1 --course", "no training of several epochs is in this plan"),
    ("golden table1 --seeds 3", "--seeds must be greater than or equal to 5 (got '3')"),
    ("golden table1 table2", "harness golden: unexpected extra argument (table2)"),
    ("golden table1 --profile paper", "its numbers are not held against measured values"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that {T} stands for."""
    folder = tmp_path_factory.mktemp("clumsy")
    (folder / "file").write_text("text")
    (folder / "empty").mkdir()
    for name in ("version/format", "foreign/a", "out/results/table1/verdict.json"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("99" if name == "version/format" else "{")
    return folder


@pytest.mark.parametrize(("line", "answer"), WRONG, ids=[line for line, _ in WRONG])
def test_a_wrong_input_ends_with_2_and_one_line_that_helps(
    line: str,
    answer: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = typed(line.replace("{T}", str(place)), monkeypatch, capsys)
    assert said.code == 2, said
    assert answer in said.err
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert len(said.err) < 400


def test_no_run_starts_where_a_gpu_is_wanted_and_none_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("harness.execute.survey.sees_gpu", lambda: False)
    line = f"reproduce table1 --device cuda --store {tmp_path}/store --out {tmp_path}/out"
    said = typed(line, monkeypatch, capsys)
    assert said.code == 2
    assert "18 runs want a GPU, and torch finds none here – --device cpu" in said.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--out", "--store"])
def test_a_folder_that_cannot_be_written_is_named_before_anything_runs(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By trying: the rights of /proc promise root what it does not keep."""
    folders = {"--out": tmp_path / "out", "--store": tmp_path / "store"} | {option: "/proc/x"}
    line = "reproduce tableD1" + "".join(f" {name} {one}" for name, one in folders.items())
    said = typed(line, monkeypatch, capsys)
    assert said.code == 2
    assert said.err == f"/proc: cannot be written – choose another place: {option} FOLDER\n"


def test_the_folder_of_the_profile_is_looked_at_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "smoke").symlink_to("/proc")
    said = typed(f"reproduce tableD1 --out {tmp_path} --store {tmp_path}/s", monkeypatch, capsys)
    assert said.code == 2
    assert said.err.startswith(f"{tmp_path}/smoke: cannot be written – choose another place: --out")
    assert not (tmp_path / "s").exists()


def test_nothing_typed_shows_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = typed("", monkeypatch, capsys)
    assert said.code == 2
    assert "reproduce" in said.out
    assert said.err == ""
