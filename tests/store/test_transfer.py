"""Runs on their way from one store into another: what is taken is what was sent, or nothing is."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessError
from harness.plan.node import Node
from harness.store.manifest import Manifest
from harness.store.pieces import BLOCK, CONTENTS, ROOT
from harness.store.publish import Partial
from harness.store.store import Store
from harness.store.transfer import send, take_in, take_out
from harness.store.verify import verify
from tests.store.conftest import FILES, Publish

LARGE = {**FILES, "large.bin": os.urandom(2 * BLOCK + 7)}
OTHER = Node.of("train", 1, {"recipe": {"epochs": 9}}, {})
PIECE = 300_000


def done(checkpoints: Path) -> int:
    """As of a training: here the file's text is the number of its epochs."""
    place = checkpoints / "state"
    return int(place.read_text()) if place.is_file() else 0


def half_done(store: Store, node: Node, epochs: int) -> Path:
    with store.lease(node.key):
        found = store.claim(node)
        assert isinstance(found, Partial)
        (found.checkpoints / "state").write_text(str(epochs))
    return found.checkpoints / "state"


@pytest.fixture
def filled(store: Store, publish: Publish, identity: Node) -> Store:
    """A store with a run in it, and a half-done one."""
    publish(identity, LARGE)
    half_done(store, OTHER, 3)
    return store


@pytest.fixture
def there(tmp_path: Path) -> Store:
    return Store(tmp_path / "there")


@pytest.fixture
def pieces(filled: Store, tmp_path: Path) -> Path:
    send(filled, tmp_path / "pieces/runs.zip", size=PIECE)
    return tmp_path / "pieces/runs.zip"


def is_empty(store: Store) -> bool:
    left = [*store.tree.entries("partial"), *store.tree.entries("trash")]
    return not store.manifests() and not left


def test_what_arrives_is_what_was_sent(
    filled: Store, there: Store, pieces: Path, identity: Node
) -> None:
    sizes = [path.stat().st_size for path in sorted(pieces.parent.iterdir())]
    assert len(sizes) == 8
    assert set(sizes[:-1]) == {PIECE}
    taken = take_in(there, pieces, done)
    assert (taken.stored, taken.half_done, taken.left) == ((identity.key,), (OTHER.key,), {})
    for name, content in LARGE.items():
        assert there.read_bytes(identity.key, name) == content
    assert there.get(identity.key) == filled.get(identity.key)
    found = there.claim(OTHER)
    assert isinstance(found, Partial)
    assert (done(found.checkpoints), found.resumed) == (3, 1)
    assert not [fault for fault in verify(there) if not fault.is_information]
    assert there.tree.entries("trash") == []


def test_any_of_its_pieces_names_an_archive(there: Store, pieces: Path, identity: Node) -> None:
    assert take_in(there, max(pieces.parent.iterdir()), done).stored == (identity.key,)


def test_locks_and_caches_stay(filled: Store, there: Store, tmp_path: Path) -> None:
    filled.tree.room("cache").joinpath("made").write_text("of data")
    (path,) = send(filled, tmp_path / "pieces").pieces
    assert b"lock" not in path.read_bytes()
    assert b"cache" not in path.read_bytes()


def test_an_empty_store_goes_as_nothing(store: Store, there: Store, tmp_path: Path) -> None:
    send(store, tmp_path / "pieces")
    assert take_in(there, tmp_path / "pieces", done).stored == ()


def test_the_same_runs_are_the_same_files(filled: Store, tmp_path: Path) -> None:
    first, second = (send(filled, tmp_path / a / "x", size=PIECE).pieces for a in "ab")
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_earlier_archive_goes_once_a_newer_one_has_all_its_runs(
    filled: Store, there: Store, pieces: Path
) -> None:
    before = set(pieces.parent.iterdir())
    half_done(filled, OTHER, 4)
    newer = set(send(filled, pieces, size=PIECE).pieces)
    assert set(pieces.parent.iterdir()) == newer
    assert not newer & before
    assert set(send(filled, pieces, size=2 * PIECE).pieces) == set(pieces.parent.iterdir())
    with pytest.raises(HarnessError, match="has runs that this one would lack"):
        send(there, pieces)
    assert take_in(there, pieces, done).half_done == (OTHER.key,)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def shorter(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def link(path: Path) -> None:
    path.replace(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("harm", [flip, longer, shorter, link, Path.unlink])
@pytest.mark.parametrize("which", range(8))
def test_of_harmed_pieces_nothing_is_taken(
    harm: Callable[[Path], None], which: int, pieces: Path, there: Store
) -> None:
    harm(sorted(pieces.parent.iterdir())[which])
    with pytest.raises(HarnessError):
        take_in(there, pieces, done)
    assert is_empty(there)


def crafted(path: Path, files: Mapping[str, bytes], **as_listed: Any) -> Path:
    """An archive of somebody who knows the form: every checksum is right, unless it is
    `as_listed` otherwise.
    """
    files = {"store/format": b"1\n", **files}
    records = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)} | as_listed
        for name, content in files.items()
    }
    index = json.dumps({"format": "harness-pack-1", "files": records})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CONTENTS, index)
        for name, content in files.items():
            archive.writestr(ROOT + name, content)
    return path


def node(key: str, name: str) -> str:
    return f"store/nodes/{key[:2]}/{key}/{name}"


def record(node: Node, **other: object) -> bytes:
    said = {name: getattr(node, name) for name in ("kind", "revision", "spec", "inputs")}
    return json.dumps(said | other).encode()


KEY = OTHER.key
BAD: Mapping[str, Mapping[str, bytes]] = {
    "leads out of the store": {node(KEY, "../../../x"): b""},
    "leads out of the run": {f"store/partial/{KEY}/checkpoints/../x": b""},
    "leads out of the study": {"../x": b""},
    "absolute": {node(KEY, "/etc/passwd"): b""},
    "absolute in the study": {"/etc/passwd": b""},
    "another room": {f"store/locks/{KEY}.lock": b""},
    "a study that would be asked what it needs": {"store/studies/0123456789abcdef.json": b"{}"},
    "another shelf": {f"store/nodes/00/{KEY}/x": b""},
    "hidden": {".git/config": b""},
    "hidden below": {"specs/.x/y": b""},
    "no key": {"store/nodes/ab/abc/manifest.json": b""},
    "no such part of a half-done run": {f"store/partial/{KEY}/attempt-0-00000000/x": b""},
    "a control character": {node(KEY, "a\nb"): b""},
    "a store of another format": {"store/format": b"2\n"},
    "a run without manifest": {node(KEY, "x"): b""},
    "checkpoints of nothing": {f"store/partial/{KEY}/checkpoints/state": b"3"},
    "checkpoints of another run": {
        f"store/partial/{KEY}/identity.json": record(OTHER, spec={}),
        f"store/partial/{KEY}/checkpoints/state": b"3",
    },
    "a file in the place of a folder": {node(KEY, "a"): b"", node(KEY, "a/b"): b""},
}


HALF_DONE = {
    f"store/partial/{KEY}/identity.json": record(OTHER),
    f"store/partial/{KEY}/checkpoints/state": b"3",
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_run_of_a_store_is_refused(what: str, there: Store, tmp_path: Path) -> None:
    archive = crafted(tmp_path / "pieces.zip", {"study.toml": b"", **BAD[what]})
    with pytest.raises(HarnessError):
        take_in(there, archive, done)
    assert is_empty(there)
    with pytest.raises(HarnessError):
        take_out(archive, tmp_path / "study")
    assert {path.name for path in tmp_path.iterdir()} == {"pieces.zip", "there"}


def test_what_a_crafted_export_may_hold_is_taken(there: Store, tmp_path: Path) -> None:
    assert take_in(there, crafted(tmp_path / "pieces", HALF_DONE), done).half_done == (KEY,)


def rewritten(how: Callable[[zipfile.ZipFile, zipfile.ZipInfo, bytes], None], path: Path) -> None:
    """An archive written again, each member in its own way."""
    with zipfile.ZipFile(path) as old:
        entries = [(one, old.read(one)) for one in old.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries:
            how(archive, entry, content)


def packed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
    archive.writestr(entry.filename, content, zipfile.ZIP_DEFLATED)


def twice(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
    archive.writestr(entry, content)
    if entry.filename.endswith("state"):
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(entry, b"4")


def unlisted(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
    archive.writestr(entry, content)
    if entry.filename == CONTENTS:
        archive.writestr("study/more", b"")


def commented(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, content: bytes) -> None:
    archive.writestr(entry, content)
    archive.comment = b"hidden"


@pytest.mark.parametrize("how", [packed, twice, unlisted, commented])
def test_an_archive_of_another_form_is_refused(
    how: Callable[..., None], there: Store, tmp_path: Path
) -> None:
    rewritten(how, archive := crafted(tmp_path / "pieces", HALF_DONE))
    with pytest.raises(HarnessError):
        take_in(there, archive, done)
    assert is_empty(there)


def test_an_archive_that_says_it_is_larger_than_it_is_is_refused_at_once(
    there: Store, tmp_path: Path
) -> None:
    with pytest.raises(HarnessError, match="holds more than it has bytes"):
        take_in(there, crafted(tmp_path / "pieces", HALF_DONE, bytes=1 << 40), done)


@pytest.mark.parametrize("harm", ["of another key", "changed", "with a file that it does not list"])
def test_a_stored_run_must_be_the_one_published(
    harm: str, filled: Store, there: Store, tmp_path: Path, identity: Node
) -> None:
    place = filled.folder(identity.key)
    files = {name: (place / name).read_bytes() for name in (*LARGE, "manifest.json")}
    key = KEY if harm == "of another key" else identity.key
    if harm == "changed":
        files["large.bin"] = b"other"
    if harm.startswith("with"):
        files["more"] = b""
    sent = {node(key, name): content for name, content in files.items()}
    with pytest.raises(HarnessError):
        take_in(there, crafted(tmp_path / "crafted", sent), done)
    assert is_empty(there)


def test_what_is_whole_here_stays(
    there: Store, pieces: Path, identity: Node, publish: Publish, store: Store
) -> None:
    take_in(there, pieces, done)
    before = there.get(identity.key)
    again = take_in(there, pieces, done)
    assert again.stored == ()
    assert again.left == {identity.key: "stored here", KEY: "as far here"}
    assert there.get(identity.key) == before


def test_what_is_broken_here_is_moved_aside(there: Store, pieces: Path, identity: Node) -> None:
    take_in(there, pieces, done)
    (there.folder(identity.key) / "weights.bin").write_bytes(b"broken")
    assert take_in(there, pieces, done).stored == (identity.key,)
    assert there.read_bytes(identity.key, "weights.bin") == FILES["weights.bin"]
    assert len(there.tree.entries("quarantine")) == 1


@pytest.mark.parametrize(("here", "stays"), [(2, 3), (3, 3), (4, 4)])
def test_of_two_half_done_runs_the_further_stays(
    here: int, stays: int, there: Store, pieces: Path
) -> None:
    state = half_done(there, OTHER, here)
    take_in(there, pieces, done)
    assert int(state.read_text()) == stays


def test_a_half_done_run_that_goes_on_here_is_left(there: Store, pieces: Path) -> None:
    half_done(there, OTHER, 1)
    with there.lease(KEY):
        assert take_in(there, pieces, done).left == {KEY: "running here"}


def test_a_run_that_is_stored_meanwhile_needs_no_checkpoints(
    there: Store, pieces: Path, identity: Node
) -> None:
    half_done(there, identity, 2)
    take_in(there, pieces, done)
    assert isinstance(there.claim(identity), Manifest)
    assert not there.tree.partial(identity.key).exists()


def test_a_half_done_run_of_an_earlier_version_is_named(filled: Store, tmp_path: Path) -> None:
    place = filled.tree.partial(KEY) / "identity.json"
    said = json.loads(place.read_text())
    place.write_text(json.dumps({name: said[name] for name in said if name != "revision"}))
    sent = send(filled, tmp_path / "pieces")
    assert (sent.half_done, sent.left, len(sent.stored)) == ((), (KEY,), 1)


def test_a_damaged_run_is_not_sent_on(filled: Store, tmp_path: Path, identity: Node) -> None:
    (filled.folder(identity.key) / "large.bin").write_bytes(LARGE["large.bin"][:-1] + b"?")
    with pytest.raises(HarnessError, match=r"large\.bin: is not what its SHA-256 says"):
        send(filled, tmp_path / "pieces", size=PIECE)
    assert not list(tmp_path.glob("*pieces*"))


def test_a_folder_without_an_archive_is_told(there: Store, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no such archive"):
        take_in(there, tmp_path / "absent", done)
    (tmp_path / "text").write_text("text")
    with pytest.raises(HarnessError, match="is no archive"):
        take_in(there, tmp_path / "text", done)


@pytest.fixture
def study(tmp_path: Path) -> dict[str, Path]:
    """The files of a study."""
    files = {"study.toml": "name = 'ours'", "specs/a.toml": "id = 'a'", "manifest.json": "{}"}
    for name, text in files.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {name: tmp_path / "mine" / name for name in files}


def test_a_study_arrives_with_its_store(
    filled: Store, study: dict[str, Path], identity: Node, tmp_path: Path
) -> None:
    sent = send(filled, tmp_path / "ours.zip", study=study)
    there = tmp_path / "theirs"
    there.mkdir()  # an empty one may be there
    taken = take_out(tmp_path / "ours.zip", there)
    assert {*taken.study} == {*sent.study} == {*study}
    assert (taken.stored, taken.half_done) == ((identity.key,), (OTHER.key,))
    assert {name: (there / name).read_bytes() for name in study} == {
        name: path.read_bytes() for name, path in study.items()
    }
    store = Store(there / "store")
    assert store.read_bytes(identity.key, "large.bin") == LARGE["large.bin"]
    found = store.claim(OTHER)
    assert isinstance(found, Partial)
    assert (done(found.checkpoints), found.resumed) == (3, 1)
    assert not [fault for fault in verify(store) if not fault.is_information]
    assert {path.name for path in tmp_path.iterdir()} >= {"ours.zip", "theirs", "mine", "store"}
    assert not list(tmp_path.glob(".*"))


def test_any_tool_unpacks_it(filled: Store, study: dict[str, Path], tmp_path: Path) -> None:
    send(filled, tmp_path / "ours.zip", study=study)
    with zipfile.ZipFile(tmp_path / "ours.zip") as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "unzipped")
    store = Store(tmp_path / "unzipped/study/store")
    assert store.manifests() == filled.manifests()
    assert verify(store) == [fault for fault in verify(store) if fault.is_information]


@pytest.mark.parametrize("what", ["a file", "a folder with something in it"])
def test_what_is_there_is_never_unpacked_into(
    what: str, filled: Store, study: dict[str, Path], tmp_path: Path
) -> None:
    send(filled, tmp_path / "ours.zip", study=study)
    there = tmp_path / "theirs"
    if what == "a file":
        there.write_text("text")
    else:
        (there / "thesis").mkdir(parents=True)
    with pytest.raises(HarnessError, match="is there, and not empty"):
        take_out(tmp_path / "ours.zip", there)
    assert there.is_file() or [path.name for path in there.iterdir()] == ["thesis"]


def test_a_study_is_not_lost_under_runs(
    filled: Store, study: dict[str, Path], tmp_path: Path
) -> None:
    send(filled, tmp_path / "ours.zip", study=study)
    with pytest.raises(HarnessError, match="has a study, and this one has runs"):
        send(filled, tmp_path / "ours.zip")
    (tmp_path / "thesis").write_text("text")
    with pytest.raises(HarnessError, match="is no archive"):
        send(filled, tmp_path / "thesis")
    assert (tmp_path / "thesis").read_text() == "text"
    with pytest.raises(HarnessError, match="is a folder"):
        send(filled, tmp_path)


def test_only_what_is_wanted_goes(filled: Store, tmp_path: Path, identity: Node) -> None:
    sent = send(filled, tmp_path / "one", only={identity.key})
    assert (sent.stored, sent.half_done) == ((identity.key,), ())
    sent = send(filled, tmp_path / "none", only=())
    assert (sent.stored, sent.half_done) == ((), ())
    with pytest.raises(HarnessError, match="holds runs, and no study"):
        take_out(tmp_path / "one", tmp_path / "study")


@pytest.mark.parametrize(
    ("gone", "said"), [((2,), r"piece 2 of \d+ is missing"), ((1, 2), r"pieces 1, 2 of \d+ are m")]
)
def test_a_piece_that_is_missing_is_named(
    gone: tuple[int, ...], said: str, pieces: Path, there: Store
) -> None:
    for path in [
        one for one in pieces.parent.iterdir() if int(one.name.split(".")[-1].split("-")[0]) in gone
    ]:
        path.unlink()
    with pytest.raises(HarnessError, match=said):
        take_in(there, pieces, done)
