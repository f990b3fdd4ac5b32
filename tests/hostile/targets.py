"""What reads bytes that somebody else may have made, each as `bytes → None`: any ending is right
but a crash, an escape and executed code. The seeds are whole files of the kind.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from harness.engine.data import archive, arrays, pictures
from harness.engine.data.archive import unzip
from harness.engine.data.batch_pickle import PickledArray, read_batch
from harness.engine.data.checksums import LAYOUTS
from harness.engine.data.events.cache import Damaged, _opened, cached
from harness.engine.data.events.formats import decode_aedat2, decode_atis
from harness.engine.data.events.recording import Recording
from harness.errors import HarnessError
from harness.plan.node import Node
from harness.spec.blocks import read_blocks
from harness.spec.crosscheck import exhibit_faults, profile_faults
from harness.spec.document import parse_document
from harness.spec.exhibit import Exhibit
from harness.spec.library import _models, _with_lists
from harness.spec.overrides import parse_override
from harness.spec.parts import BLOCKS
from harness.spec.profile import Profile
from harness.store import manifest as sealed
from harness.store.gc import collect
from harness.store.manifest import Manifest
from harness.store.pieces import CONTENTS
from harness.store.store import Store
from harness.store.transfer import take_out
from harness.store.verify import repair, verify
from tests.conftest import ROOT
from tests.engine.data.events.made import aedat2_bytes, atis_bytes, events_of
from tests.synthetic import folders, library

Read = Callable[[bytes, Path], None]
ROWS = [(1, 2, 3, 1), (4, 5, 60, 0), (4, 5, 61, 0)]
KEY = "ab" * 32


@dataclass(frozen=True)
class Target:
    """`read(content, folder)`, where folder is empty and all that may be written to."""

    read: Read
    seeds: Callable[[], Sequence[bytes]]


def _spec(content: bytes, folder: Path) -> None:
    """As each kind of spec file in turn, with the checks between files."""
    try:
        document = _with_lists(parse_document(folder / "it.toml", "it.toml", content.decode()))
    except (UnicodeDecodeError, HarnessError):
        return
    for file, _ in BLOCKS.values():
        read_blocks([([replace(document, path=folder / f"{file}.toml")], {})])
    known, documents = library().blocks, library().study.documents
    profiles, _ = _models(Profile, [document], {})
    for profile in profiles.values():
        list(profile_faults(profile, document, known))
    exhibits, _ = _models(Exhibit, [document], {})
    for exhibit in exhibits.values():
        list(exhibit_faults(exhibit, document, known, documents, folders(folder)))


def _specs() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "specs").rglob("*.toml"))]


def _typed(content: bytes, folder: Path) -> None:
    try:
        parse_override(content.decode(errors="replace"))
    except HarnessError:
        return


def _recording(decode: Callable[..., object], suffix: str) -> Read:
    def read(content: bytes, folder: Path) -> None:
        path = folder / f"it{suffix}"
        path.write_bytes(content)
        for faults in ("refuse", "skip"):
            try:
                decode(path, faults=faults)
            except HarnessError:
                continue

    return read


def _events(content: bytes, folder: Path) -> None:
    """The file as it is, and with the hash of its index made right, as a forger would."""
    names = ["a", "b"]
    footer = content[-48:]
    length = min(int.from_bytes(footer[8:16], "little"), max(0, len(content) - 48))
    index = content[-48 - length : -48] if length else b""
    forged = content[:-32] + hashlib.sha256(index).digest()
    for some in (content, forged):
        (folder / "events").write_bytes(some)
        try:
            found = _opened(folder / "events", "me", names, _decode)
            for number in range(len(found)):
                found[number]
        except (Damaged, HarnessError):
            continue
        finally:
            (folder / "events").unlink(missing_ok=True)


def _decode(name: str) -> Recording:
    return Recording(events_of(ROWS), {})


@lru_cache(maxsize=1)
def _cache() -> tuple[bytes, ...]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events")
        cached(path, "me", ["a", "b"], _decode)
        return (path.read_bytes(),)


def _batch(content: bytes, folder: Path) -> None:
    try:
        found = read_batch(content)
        for value in found.values():
            if isinstance(value, PickledArray):
                value.pixels()
    except ValueError:
        return


def _batches() -> list[bytes]:
    entry = {"data": np.zeros((2, 12), np.uint8), "labels": [1, 2], "filenames": ["a", b"b\xff"]}
    return [pickle.dumps(entry, protocol=protocol) for protocol in range(2, 6)]


def _zip(content: bytes, folder: Path) -> None:
    (folder / "it.zip").write_bytes(content)
    with suppress(HarnessError):
        unzip(folder / "it.zip", folder / "set", folder="cat", suffix=".bin", max_bytes=100_000)


def _zips() -> list[bytes]:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("cat/", b"")
        into.writestr("cat/0.bin", atis_bytes(ROWS))
        into.writestr("cat/readme", b"x")
    return [made.getvalue()]


CIFAR = LAYOUTS["cifar100"]


def _tar(content: bytes, folder: Path) -> None:
    """The tar itself is damaged, inside a gzip that is whole: that would stop nearly everything."""
    import gzip

    (folder / CIFAR.archive).write_bytes(gzip.compress(content, 1))
    with suppress(HarnessError):
        archive.unpack(folder / CIFAR.archive, CIFAR)


def _tars() -> list[bytes]:
    found = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w", format=form) as tar:
            for name in (*CIFAR.files, "n" * 90):
                info = tarfile.TarInfo(f"{CIFAR.folder}/{name}")
                info.size, info.mtime = 3, 1.5
                tar.addfile(info, io.BytesIO(b"abc"))
        found.append(made.getvalue())
    return found


def _picture(content: bytes, folder: Path) -> None:
    path = folder / "it.png"
    path.write_bytes(content)
    for channels in (1, 3):
        with suppress(HarnessError):
            pictures.look(path)
            pictures.pixels(path, channels, 8)


def _pictures() -> list[bytes]:
    modes = [("PNG", mode) for mode in ("1", "L", "RGB", "P", "RGBA", "I;16")]
    found = []
    for form, mode in [*modes, ("JPEG", "L"), ("JPEG", "RGB"), ("JPEG", "CMYK")]:
        made = io.BytesIO()
        Image.new(mode, (9, 8)).save(made, form)
        found.append(made.getvalue())
    return found


def _array(content: bytes, folder: Path) -> None:
    for source in (arrays.Source(folder / "it"), arrays.Source(folder / "it", "images")):
        source.path.write_bytes(content)
        with suppress(HarnessError):
            arrays.images(source)
        with suppress(HarnessError):
            arrays.labels(source, 3)


def _arrays() -> list[bytes]:
    images, labels = np.zeros((3, 8, 8), np.uint8), np.arange(3)
    found = []
    for save in (np.savez, np.savez_compressed):
        made = io.BytesIO()
        save(made, images=images, labels=labels)
        found.append(made.getvalue())
    for one in (images, labels, images.astype(np.float32)):
        made = io.BytesIO()
        np.save(made, one)
        found.append(made.getvalue())
    return found


def _manifest(content: bytes, folder: Path) -> None:
    """As it is, and under a seal that fits; then in a store, beside files that it may name."""
    sealed.parse(content)
    body = content[: -sealed._SEAL_BYTES] if len(content) > sealed._SEAL_BYTES else content
    seal = hashlib.sha256(body).hexdigest()
    text = body + f',\n "seal": "{seal}"\n}}\n'.encode()
    found = sealed.parse(text)
    key = found.key if isinstance(found, Manifest) else KEY
    store = Store(folder / "store")
    store.tree.prepare()
    node = store.folder(key)
    node.mkdir(parents=True)
    (node / "manifest.json").write_bytes(text)
    (node / "weights.bin").write_bytes(b"abc")
    if isinstance(found, Manifest):
        for name in found.files:
            try:
                store.read_bytes(key, name)
            except HarnessError:
                continue
    faults = verify(store)
    assert faults  # its file is not the one published, if nothing else
    repair(store, faults)
    collect(store, [])
    shutil.rmtree(folder / "store")


def _manifests() -> list[bytes]:
    from datetime import UTC, datetime

    from harness.store.manifest import FileRecord, Provenance, describe

    identity = Node.of("train", 1, {"recipe": {"lr": 0.1, "steps": [1, 2]}}, {"x": KEY})
    files = {"weights.bin": FileRecord(sha256="0" * 64, bytes=3)}
    when = Provenance(datetime(2026, 1, 1, tzinfo=UTC), 1.5, numbers={"accuracy": 9.5})
    return [sealed.to_bytes(describe(identity, when, files, resumed=1))]


def _packed(content: bytes, folder: Path) -> None:
    """As an archive, and as the list of what a whole one holds."""
    path, members = folder / "it.zip", ("study.toml", "store/format")
    with zipfile.ZipFile(listed := io.BytesIO(), "w") as into:
        into.writestr(CONTENTS, content)
        for name in members:
            into.writestr(f"study/{name}", PACKED[name])
    for some in (content, listed.getvalue()):
        path.write_bytes(some)
        with suppress(HarnessError):
            take_out(path, folder / "study")
        shutil.rmtree(folder / "study", ignore_errors=True)


PACKED = {"study.toml": b"name = 'ours'", "store/format": b"1\n"}


def _packs() -> list[bytes]:
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in PACKED.items()
    }
    index = json.dumps({"format": "harness-pack-1", "files": files}).encode()
    with zipfile.ZipFile(made := io.BytesIO(), "w") as into:
        into.writestr(CONTENTS, index)
        for name, content in PACKED.items():
            into.writestr(f"study/{name}", content)
    return [made.getvalue(), index]


TARGETS = {
    "spec": Target(_spec, _specs),
    "typed": Target(
        _typed,
        lambda: [b"recipe.epochs=2", b"depth=20,38", b"stages_without_shortcut=[1,2],stage-1-2-3"],
    ),
    "aedat": Target(_recording(decode_aedat2, ".aedat"), lambda: [aedat2_bytes(ROWS)]),
    "atis": Target(_recording(decode_atis, ".bin"), lambda: [atis_bytes(ROWS)]),
    "events": Target(_events, _cache),
    "batch": Target(_batch, _batches),
    "picture": Target(_picture, _pictures),
    "array": Target(_array, _arrays),
    "zip": Target(_zip, _zips),
    "tar": Target(_tar, _tars),
    "manifest": Target(_manifest, _manifests),
    "pack": Target(_packed, _packs),
}
