"""Runs on their way from one store into another: what is taken is what was sent, or nothing is."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.plan.node import Node
from harness.store.manifest import Manifest
from harness.store.pieces import BLOCK
from harness.store.publish import Partial
from harness.store.store import Store
from harness.store.transfer import export, take_in
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
    export(filled, tmp_path / "pieces", size=PIECE)
    return tmp_path / "pieces"


def is_empty(store: Store) -> bool:
    left = [*store.tree.entries("partial"), *store.tree.entries("trash")]
    return not store.manifests() and not left


def test_what_arrives_is_what_was_sent(
    filled: Store, there: Store, pieces: Path, identity: Node
) -> None:
    sizes = [path.stat().st_size for path in sorted(pieces.iterdir())]
    assert len(sizes) == 7
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


def test_locks_and_caches_stay(filled: Store, there: Store, tmp_path: Path) -> None:
    filled.tree.room("cache").joinpath("made").write_text("of data")
    (path,) = export(filled, tmp_path / "pieces").pieces
    assert b"lock" not in path.read_bytes()
    assert b"cache" not in path.read_bytes()


def test_an_empty_store_goes_as_nothing(store: Store, there: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "pieces")
    assert take_in(there, tmp_path / "pieces", done).stored == ()


def test_the_same_runs_are_the_same_files(filled: Store, tmp_path: Path) -> None:
    first, second = (export(filled, tmp_path / name, size=PIECE).pieces for name in "ab")
    assert [path.name for path in first] == [path.name for path in second]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_earlier_export_goes_once_a_newer_one_has_all_its_runs(
    filled: Store, there: Store, pieces: Path
) -> None:
    before = set(pieces.iterdir())
    half_done(filled, OTHER, 4)
    newer = set(export(filled, pieces, size=PIECE).pieces)
    assert set(pieces.iterdir()) == newer
    assert not newer & before
    assert set(export(filled, pieces, size=2 * PIECE).pieces) == set(pieces.iterdir())
    with pytest.raises(HarnessError, match="has runs that this store lacks"):
        export(there, pieces)
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
@pytest.mark.parametrize("which", range(7))
def test_of_harmed_pieces_nothing_is_taken(
    harm: Callable[[Path], None], which: int, pieces: Path, there: Store
) -> None:
    harm(sorted(pieces.iterdir())[which])
    with pytest.raises(HarnessError):
        take_in(there, pieces, done)
    assert is_empty(there)


def crafted(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Pieces of somebody who knows the form: every checksum is right."""
    records = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in files.items()
    }
    index = json.dumps({"format": "harness-runs-1", "files": records}).encode()
    folder.mkdir()
    path = folder / f"runs-{hashlib.sha256(index).hexdigest()[:16]}.1-of-1"
    head = b"harness-runs %d\n" % len(index)
    path.write_bytes(head + index + b"".join(files.values()))
    return folder


def record(node: Node, **other: object) -> bytes:
    said = {name: getattr(node, name) for name in ("kind", "revision", "spec", "inputs")}
    return json.dumps(said | other).encode()


KEY = OTHER.key
BAD: Mapping[str, Mapping[str, bytes]] = {
    "leads out of the store": {f"nodes/{KEY}/../../../x": b""},
    "leads out of the run": {f"partial/{KEY}/checkpoints/../x": b""},
    "absolute": {f"nodes/{KEY}//etc/passwd": b""},
    "another room": {f"locks/{KEY}.lock": b""},
    "no key": {"nodes/abc/manifest.json": b""},
    "no such part of a half-done run": {f"partial/{KEY}/attempt-0-00000000/x": b""},
    "a control character": {f"nodes/{KEY}/a\nb": b""},
    "a run without manifest": {f"nodes/{KEY}/x": b""},
    "checkpoints of nothing": {f"partial/{KEY}/checkpoints/state": b"3"},
    "checkpoints of another run": {
        f"partial/{KEY}/record": record(OTHER, spec={}),
        f"partial/{KEY}/checkpoints/state": b"3",
    },
    "a file in the place of a folder": {f"nodes/{KEY}/a": b"", f"nodes/{KEY}/a/b": b""},
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_run_of_a_store_is_refused(what: str, there: Store, tmp_path: Path) -> None:
    with pytest.raises(HarnessError):
        take_in(there, crafted(tmp_path / "pieces", BAD[what]), done)
    assert is_empty(there)
    assert not (tmp_path / "x").exists()


def test_what_a_crafted_export_may_hold_is_taken(there: Store, tmp_path: Path) -> None:
    files = {f"partial/{KEY}/record": record(OTHER), f"partial/{KEY}/checkpoints/state": b"3"}
    assert take_in(there, crafted(tmp_path / "pieces", files), done).half_done == (KEY,)


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
    sent = {f"nodes/{key}/{name}": content for name, content in files.items()}
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
    sent = export(filled, tmp_path / "pieces")
    assert (sent.half_done, sent.left, len(sent.stored)) == ((), (KEY,), 1)


def test_a_damaged_run_is_not_sent_on(filled: Store, tmp_path: Path, identity: Node) -> None:
    (filled.folder(identity.key) / "large.bin").write_bytes(LARGE["large.bin"][:-1] + b"?")
    with pytest.raises(HarnessError, match=r"large\.bin: is not what its SHA-256 says"):
        export(filled, tmp_path / "pieces", size=PIECE)
    assert list((tmp_path / "pieces").iterdir()) == []


def test_a_folder_without_an_export_is_told(there: Store, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no such folder"):
        take_in(there, tmp_path / "absent", done)
    with pytest.raises(HarnessError, match="holds no export"):
        take_in(there, tmp_path, done)
