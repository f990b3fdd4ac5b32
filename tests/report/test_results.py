"""The files of a run: all or none, the same bytes again, nothing that a browser would run."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness.check.verdict import Verdict
from harness.errors import HarnessError
from harness.execute.events import Failed
from harness.parts.networks import GivenWeights
from harness.report.publish import publish
from harness.report.render import script
from tests.frames.stored import Stored, layer
from tests.report.conftest import Write
from tests.synthetic import SyntheticStore, library, plan

Written = tuple[Path, tuple[Verdict, ...]]
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """The elements of a page, their attributes, and which stayed open."""

    VOID = ("meta", "img", "br", "hr", "link", "input")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def scripts(html: str) -> list[str]:
    """What a browser would run; data have a type that says they are none."""
    found = re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL)
    data = ('type="application/json"', 'type="text/plain"')
    return [text for kind, text in found if not any(word in kind for word in data)]


def read(tmp_path: Path, profile: str = "paper") -> dict[str, bytes]:
    out = tmp_path / "out" / profile
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_every_file_is_there(written: Written) -> None:
    folder, verdicts = written
    assert [verdict.word for verdict in verdicts] == ["within the margins (one seed)", "reproduced"]
    assert sorted(read(folder)) == [
        "claims.html",
        "claims.json",
        "report.html",
        *(
            f"{name}/{file}"
            for name in ("table1", "tableD1")
            for file in (
                ".drawn.json",
                "frame.csv",
                "frame.json",
                "provenance.json",
                f"{name}.png",
                f"{name}.svg",
                "verdict.json",
            )
        ),
        "verdicts.intoto.json",
        "verdicts.xml",
    ]


def test_the_same_store_gives_the_same_bytes_drawn_again_or_not(
    write: Write, tmp_path: Path
) -> None:
    store = SyntheticStore(plan("table1"))
    write(store)
    first = read(tmp_path)
    write(store)
    assert read(tmp_path) == first
    for path in (tmp_path / "out/paper/table1").iterdir():
        path.unlink()
    write(SyntheticStore(plan("table1")))
    assert read(tmp_path) == first


def test_the_page_is_well_formed_and_asks_for_nothing(written: Written) -> None:
    page = Elements(read(written[0])["report.html"].decode())
    assert page.open == []
    tags = {tag for tag, _ in page.found}
    assert not tags & {"iframe", "object", "embed", "link", "base", "form"}
    policy = next(a["content"] for t, a in page.found if a.get("http-equiv"))
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("style-src").startswith("'sha256-")
    assert rules.pop("script-src").startswith("'sha256-")
    assert rules == {
        "default-src": "'none'", "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    for tag, attributes in page.found:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        for name in ("src", "href"):
            address = attributes.get(name) or ""
            assert re.match(r"data:image/|#|table1/|tableD1/|claims.html$|$", address), address


def test_links_lead_to_the_files_beside_the_page(written: Written) -> None:
    files = read(written[0])
    page = Elements(files["report.html"].decode())
    ids = {attributes["id"] for _, attributes in page.found if "id" in attributes}
    for _, attributes in page.found:
        address = attributes.get("href") or ""
        assert address[1:] in ids if address.startswith("#") else address in {*files, ""}


def test_hostile_text_stays_text(write: Write, tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1"))
    planned = store.plan.exhibits[0]
    key = planned.points[0].key
    del store.contents[key]
    claim = planned.exhibit.claim[0].model_copy(update={"text": HOSTILE, "place": HOSTILE})
    exhibit = planned.exhibit.model_copy(
        update={"title": HOSTILE, "notes": (HOSTILE,), "errata": (HOSTILE,), "claim": (claim,)}
    )
    store.plan = replace(store.plan, exhibits=(replace(planned, exhibit=exhibit),))
    books = replace(library())
    document = replace(books.documents["table1"], text=HOSTILE, shown=HOSTILE)
    books = replace(books, documents={**books.documents, "table1": document})
    failed = Failed(key, HOSTILE, log=f"/{HOSTILE}", tail=(HOSTILE,))
    write(store, failures={key: failed}, command=HOSTILE, books=books)
    index = read(tmp_path)["claims.html"].decode()
    assert Elements(index).open == []
    assert scripts(index) == []
    assert "&lt;script&gt;alert(1)" in index
    html = read(tmp_path)["report.html"].decode()
    page = Elements(html)
    assert page.open == []
    assert scripts(html) == [script()]
    assert [
        a for t, a in page.found if t == "img" and not (a["src"] or "").startswith("data:")
    ] == []
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)") >= 10


def test_hostile_names_stay_data(write: Write, tmp_path: Path) -> None:
    made = plan("fig3")
    store = Stored(made)
    content = {"y": [layer(HOSTILE)], "x": [layer(HOSTILE)], "undefined": []}
    store.keep(made.exhibits[0].points[0], "cka.json", content, values=[[0.5]])
    write(store)
    html = read(tmp_path)["report.html"].decode()
    assert scripts(html) == [script()]
    data = re.search(r'<script type="application/json" id="fig3-maps">(.*?)</script>', html)
    assert data is not None
    assert json.loads(data[1])["labels"] == [[HOSTILE]]


def test_a_failed_run_is_told_with_the_end_of_its_log(write: Write, tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1"))
    key = store.plan.exhibits[0].points[0].key
    del store.contents[key]
    failed = Failed(
        key, "the loss is NaN in epoch 3", log="store/logs/x.log", tail=("epoch 2", "epoch 3")
    )
    (verdict,) = write(store, failures={key: failed})
    assert not verdict.holds
    html = read(tmp_path)["report.html"].decode()
    for said in ("the loss is NaN in epoch 3", "store/logs/x.log", "epoch 2\nepoch 3", "failed"):
        assert said in html


@pytest.mark.parametrize("profile", ["paper", "smoke"])
def test_what_an_older_run_stored_does_not_stand_in_for_one_that_failed(
    write: Write, tmp_path: Path, profile: str
) -> None:
    only = () if profile == "paper" else ("depth=20,width=1",)
    store = SyntheticStore(plan("table1", profile=profile, only=only), noise={0: 0.5})
    failed, *_, lost = dict.fromkeys(point.key for point in store.plan.exhibits[0].points)
    failures = {
        failed: Failed(failed, "the loss is NaN"),
        lost: Failed(lost, "not run: it needs another", cause=failed),
    }
    (verdict,) = write(store, profile, failures=failures)
    assert (verdict.word, verdict.holds) == ("incomplete", False)
    assert verdict.failures == dict.fromkeys(failures, "the loss is NaN")
    out = tmp_path / "out" / profile
    frame = json.loads((out / "table1/frame.json").read_bytes())
    assert {(one["key"], one["why"]) for one in frame["absent"]} == verdict.failures.items()
    assert failures.keys().isdisjoint(run["key"] for run in frame["runs"])
    statement = json.loads((out / "verdicts.intoto.json").read_bytes())["predicate"]
    assert (statement["result"], "table1" in statement["failedTests"]) == ("FAILED", True)
    suites = (out / "verdicts.xml").read_text(encoding="utf-8").partition("<testsuite ")[0]
    assert 'failures="' in suites and 'failures="0"' not in suites
    nodes = json.loads((out / "table1/provenance.json").read_bytes())["nodes"]
    assert {one["key"] for one in nodes if not one["stored"]} == failures.keys()
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "incomplete" in html.partition("<main>")[0]


def test_runs_that_fail_alike_are_told_together(write: Write, tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1"))
    first, second, third = (point.key for point in store.plan.exhibits[0].points[:3])
    for key in (first, second, third):
        del store.contents[key]
    problems = {first: "no data", second: "no data", third: "diverged"}
    write(store, failures={key: Failed(key, problem) for key, problem in problems.items()})
    html = read(tmp_path)["report.html"].decode()
    assert html.count('<div class="failure">') == 2
    assert html.count("<p>no data</p>") == 1
    assert f"So did 1 more: {store.plan.nodes[second].label}." in html


def test_why_an_exhibit_is_incomplete_is_the_failure_at_the_root(write: Write) -> None:
    made = plan("fig2")
    point = made.exhibits[0].points[0].key
    training = next(iter(made.nodes[point].inputs.values()))
    failures = {
        training: Failed(training, "no data"),
        point: Failed(point, "not run: it needs another", cause=training),
    }
    (verdict,) = write(Stored(made), failures=failures)
    assert verdict.failures == dict.fromkeys((training, point), "no data")


def test_nothing_stored_still_makes_a_report(write: Write, tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1", "tableD1"))
    store.contents.clear()
    verdicts = write(store)
    assert [verdict.word for verdict in verdicts] == ["incomplete", "incomplete"]
    assert "there are no cells to draw" in read(tmp_path)["report.html"].decode()


def test_an_overridden_run_says_so_on_top(write: Write, tmp_path: Path) -> None:
    write(SyntheticStore(plan("table1", overrides=("recipe.epochs=2",))))
    html = read(tmp_path)["report.html"].decode()
    assert "Overridden specs" in html.partition("<main>")[0]
    assert "python -m harness reproduce table1 --profile paper --set recipe.epochs=2" in html


def test_a_part_says_so_wherever_the_exhibit_is_named(write: Write, tmp_path: Path) -> None:
    made = plan("table1", "tableD1", only=("depth=20,width=1",))
    table1, tableD1 = write(SyntheticStore(made))
    part = "table1 (2 of 18 cells asked for)"
    assert table1.sentence.startswith(part) and tableD1.name.startswith("tableD1 (1 of 5 cells")
    out = tmp_path / "out/paper"
    html = (out / "report.html").read_text(encoding="utf-8")
    assert part in html.partition("<main>")[0] and "(depth=20, width=1)" in html
    verdict = json.loads((out / "table1/verdict.json").read_bytes())
    assert verdict["asked"] == "2 of 18 cells asked for" and not verdict["overridden"]
    assert {one["status"] for one in verdict["claims"]} == {"NOT_ASKED"}
    assert "2 of 18 cells asked for; " in verdict["sentence"]
    told = (out / "verdicts.xml").read_text(encoding="utf-8")
    assert f'name="{part}"' in told and 'failures="0"' in told.partition("<testsuite ")[0]
    claims = json.loads((out / "claims.json").read_bytes())["claims"]
    claims = [one for one in claims if one["exhibit"] == "table1"]
    assert {(one["verdict"], one["holds"]) for one in claims} == {("not asked for", None)}
    command = json.loads((out / "table1/provenance.json").read_bytes())["command"]
    assert command.endswith("--only depth=20 --only width=1")


def test_more_seeds_of_published_values_are_no_override(write: Write, tmp_path: Path) -> None:
    write(SyntheticStore(plan("table1", overrides=("seed=0,1,2",))))
    assert "Overridden specs" not in read(tmp_path)["report.html"].decode()


def test_weights_of_another_file_are_said_on_top_and_where_they_count(
    write: Write, tmp_path: Path
) -> None:
    given = GivenWeights(checksum=f"sha256:{'1' * 64}", path="/somewhere/mine.pth")
    write(Stored(plan("lab-fig4", "table1", weights=given)))
    html = read(tmp_path)["report.html"].decode()
    top = html.partition("<main>")[0]
    assert "--weights mine.pth: of lab-fig4 nothing is held against golden values" in top
    assert f"mine.pth sha256:{'1' * 64}, not the published ones" in html
    assert "--weights …/mine.pth</pre>" in html
    assert "/somewhere" not in html


def test_runs_that_others_made_are_announced_on_top(write: Write, tmp_path: Path) -> None:
    write(SyntheticStore(plan("tableD1")))
    top = read(tmp_path)["report.html"].decode().partition("<main>")[0]
    assert "5 of 5 stored runs were made otherwise than they would be here" in top


def test_embedded_data_are_announced_on_top(write: Write, tmp_path: Path) -> None:
    write(SyntheticStore(plan("table1", profile="smoke")), "smoke")
    top = read(tmp_path, "smoke")["report.html"].decode().partition("<main>")[0]
    assert "Embedded images, not the paper&#39;s data" in top


def test_an_error_in_a_golden_file_leaves_the_old_results(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(SyntheticStore(plan("table1")))
    before = read(tmp_path)
    store = SyntheticStore(plan("table1"))
    del store.contents[store.plan.exhibits[0].points[0].key]["best_accuracy"]
    with pytest.raises(HarnessError):
        write(store)
    assert read(tmp_path) == before


@pytest.mark.parametrize("figure", [None, "table2", "nothing"])
def test_a_figure_of_another_name_leaves_nothing_of_the_one_before(
    write: Write, tmp_path: Path, figure: str | None
) -> None:
    store = SyntheticStore(plan("table1"))
    write(store)
    stranger = tmp_path / "out/paper/table1/mine.png"
    stranger.write_bytes(b"of a user")
    (planned,) = store.plan.exhibits
    exhibit = planned.exhibit.model_copy(update={"figure": figure})
    changed = replace(store.plan, exhibits=(replace(planned, exhibit=exhibit),))
    store.plan = changed
    write(store)
    left = {path.name for path in stranger.parent.iterdir() if path.suffix in (".png", ".svg")}
    drawn = {"table2.png", "table2.svg"} if figure == "table2" else set()
    assert left == {"mine.png"} | drawn
    assert (stranger.parent / ".drawn.json").exists() == bool(drawn)


def test_a_record_of_figures_names_no_file_elsewhere(write: Write, tmp_path: Path) -> None:
    store = SyntheticStore(plan("table1"))
    write(store)
    (tmp_path / "out/precious.png").write_bytes(b"kept")
    record = tmp_path / "out/paper/table1/.drawn.json"
    record.write_text(json.dumps({"drawn_from": "", "files": {"../../precious.png": "", "..": ""}}))
    write(store)
    assert (tmp_path / "out/precious.png").read_bytes() == b"kept"


def test_a_disk_that_refuses_leaves_the_old_files_and_no_drafts(tmp_path: Path) -> None:
    publish(tmp_path, {"a/x": b"old", "b": b"old"})
    (tmp_path / "c").write_bytes(b"a file where a folder should be")
    with pytest.raises(HarnessError):
        publish(tmp_path, {"a/x": b"new", "b": b"new", "c/y": b"new"})
    left = {
        p.relative_to(tmp_path).as_posix(): p.read_bytes()
        for p in tmp_path.rglob("*")
        if p.is_file()
    }
    assert left == {"a/x": b"old", "b": b"old", "c": b"a file where a folder should be"}


DEAD = ".report.html.0123abcd"  # a draft of a writer that was killed


def test_drafts_of_dead_writers_go_and_nothing_else_does(tmp_path: Path) -> None:
    others = (".other.html.0123abcd", ".report.html.swp", ".report.html.0123abcde", "report.html~")
    publish(tmp_path, {"report.html": b"same", "a/x": b"old"})
    for name in (DEAD, "a/.x.ffffffff", *others):
        (tmp_path / name).write_bytes(b"hal")
    publish(tmp_path, {"report.html": b"same", "a/x": b"new"})
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"report.html", "a/x", *others}


def test_a_writer_waits_for_another_and_leaves_its_drafts_alone(tmp_path: Path) -> None:
    (tmp_path / DEAD).write_bytes(b"whole")
    other = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool:
        mine = pool.submit(publish, tmp_path, {"report.html": b"new"})
        with pytest.raises(TimeoutError):
            mine.result(timeout=0.3)
        assert (tmp_path / DEAD).read_bytes() == b"whole"
        assert not (tmp_path / "report.html").exists()
        os.close(other)
        mine.result()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_where_a_folder_takes_no_lock_nothing_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(fcntl, "flock", refused)
    (tmp_path / DEAD).write_bytes(b"whole")
    publish(tmp_path, {"report.html": b"new"})
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", DEAD}


def test_what_is_equal_is_not_written_again(tmp_path: Path) -> None:
    publish(tmp_path, {"x": b"same", "y": b"old"})
    numbers = {name: (tmp_path / name).stat().st_ino for name in "xy"}
    publish(tmp_path, {"x": b"same", "y": b"new"})
    assert (tmp_path / "x").stat().st_ino == numbers["x"]
    assert (tmp_path / "y").stat().st_ino != numbers["y"]


def test_what_has_no_content_goes(tmp_path: Path) -> None:
    publish(tmp_path, {"a/x": b"old", "a/y": b"old"})
    publish(tmp_path, {"a/x": None, "b/z": None, "w": b"new"})
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"w", "y"}


def test_the_verdict_on_disk_is_the_one_returned(written: Written) -> None:
    folder, (verdict, _) = written
    record = json.loads(read(folder)["table1/verdict.json"])
    assert (record["status"], record["word"]) == (verdict.word.name, verdict.word)
    assert len(record["cells"]) == len(verdict.cells)


def test_a_heading_does_not_break_a_name_at_its_hyphen(written: Written) -> None:
    html = (written[0] / "out/paper/report.html").read_text(encoding="utf-8")
    assert "SNNs on CIFAR\u201110 over depth" in html
