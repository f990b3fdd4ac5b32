"""No folder of this machine stands in what leaves it."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from harness.execute.events import Failed
from harness.layout import Layout
from harness.parts.networks import GivenWeights
from harness.report.places import Places
from harness.report.results import write_results
from tests.frames.stored import Stored
from tests.report.conftest import Opened
from tests.synthetic import library, plan

TELLING = "alice o'neil & <co>"


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("HOME", "/home/alice")
    home = Path("/home/alice/work")
    return Places(
        Layout(home, Path("/scratch/alice/store"), home / "out", Path("/data")),
        "harness report --weights /mnt/alice/mine.pth",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/home/alice/work/specs/a.toml:3: no", "specs/a.toml:3: no"),
        ("see /home/alice/work.", "see .."),
        ("'/home/alice/work/out/smoke'", "'out/smoke'"),
        ("log=/scratch/alice/store/logs/1.log", "log=store/logs/1.log"),
        ('File "/home/alice/.venv/lib/x.py", line 3', 'File "~/.venv/lib/x.py", line 3'),
        ("file:///home/alice/x", "file://~/x"),
        ("weights /mnt/alice/mine.pth", "weights …/mine.pth"),
        ("/database/x and /home/alicette/y", "/database/x and /home/alicette/y"),
        ("a ratio of 1/data", "a ratio of 1/data"),
    ],
)
def test_a_path_is_told_relative_to_what_it_lies_in(places: Places, text: str, said: str) -> None:
    assert places(text) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("harness report fig1 --store /scratch/alice/store", "harness report fig1 --store store"),
        ("harness report --data-dir=~/'my data'", "harness report --data-dir=~/'my data'"),
        ("harness report --data-dir=/home/alice/d", "harness report --data-dir=~/d"),
        ("harness report --weights /mnt/alice/m.pth", "harness report --weights …/m.pth"),
        ("harness report --out ../../../alice/o", "harness report --out …/o"),
        ("harness report --set seed=0,1 --set 'a=[1, 2]'", None),
    ],
)
def test_a_command_is_told_with_such_paths(
    places: Places, typed: str, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/usr/lib")
    assert places.command(typed) == (typed if said is None else said)


def test_nothing_that_is_written_tells_where_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run, its log, its failure, a file of weights and the command, all below one folder."""
    home = tmp_path / TELLING
    folders = {name: home / name for name in ("project", "store", "out", "data")}
    for name in ("specs", "golden"):
        (folders["project"] / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    given = GivenWeights(checksum=f"sha256:{'1' * 64}", path=str(tmp_path / "alice/w.pth"))
    made = plan("lab-fig4", "table1", weights=given, profile="paper")
    key = made.exhibits[1].points[0].key
    log = str(folders["store"] / "logs/x.log")
    said = f"no file {folders['data'] / 'x'}, {home}/y or {given.path}"
    failed = Failed(key, said, log=log, tail=(f'  File "{folders["project"]}/a.py"', log))
    typed = f'harness report --store "{folders["store"]}" --weights {given.path}'
    opened = Opened(Layout(**folders), library(), library().profile("paper"), typed)
    monkeypatch.setattr(Layout, "golden", property(lambda _: Path("golden").absolute()))
    written = write_results(opened, made, Stored(made), {key: failed}, as_zip=True)
    assert written.verdicts
    out = folders["out"] / "paper"
    files = {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with zipfile.ZipFile(io.BytesIO(files["report.zip"])) as packed:
        files |= {name: packed.read(name) for name in packed.namelist()}
    assert {"report.html", "paper/table1/provenance.json"} <= set(files)
    for name, content in files.items():
        text = gzip.decompress(content) if name.endswith(".gz") else content
        assert b"alice" not in text, name
        assert str(tmp_path).encode() not in text, name
    html = files["report.html"].decode()
    assert "store/logs/x.log" in html
    assert "…/w.pth" in html


def test_the_archive_holds_what_was_written_now_and_follows_nothing(
    tmp_path: Path,
) -> None:
    """A key that lies among the results, as a file or as a link to one, is nobody's result."""
    made = plan("tableD1")
    key = tmp_path / "id_ed25519"
    key.write_bytes(b"a private key")
    folder = tmp_path / "out/paper/tableD1"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_bytes(b"mine")
    (folder / "key.png").symlink_to(key)
    (folder / "frame.csv").symlink_to(key)
    layout = Layout(Path().absolute(), tmp_path / "store", tmp_path / "out", tmp_path / "data")
    opened = Opened(layout, library(), library().profile("paper"), "harness report")
    write_results(opened, made, Stored(made), {}, as_zip=True)
    with zipfile.ZipFile(tmp_path / "out/paper/report.zip") as packed:
        contents = {name: packed.read(name) for name in packed.namelist()}
    assert "paper/tableD1/frame.csv" in contents
    assert "paper/report.html" in contents
    assert not [name for name in contents if "key" in name or "notes" in name or "/." in name]
    assert b"a private key" not in b"".join(contents.values())
    assert key.read_bytes() == b"a private key"
    assert not (folder / "frame.csv").is_symlink()
    assert (folder / "notes.txt").read_bytes() == b"mine"
