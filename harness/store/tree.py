"""The folders of a store as values, and the marker that says which version of them this is.

ROOT/format                version of this layout
ROOT/nodes/<k[:2]>/<key>/  published: manifest.json and the files it lists, not to be changed
ROOT/partial/<key>/        unfinished: checkpoints/ outlives kills, attempt-…/ gets published
ROOT/logs/<key>.log        log of the latest run, also of one that failed
ROOT/locks/<key>.lock      held by the kernel for the process that runs the node
ROOT/locks/<key>.lease     says to other machines who that is; touched while it lives
ROOT/studies/              the folders of the studies that use it, a file each
ROOT/cache/                what is made of data sets, made again when it is missed
ROOT/quarantine/           broken nodes, moved aside
ROOT/trash/                what is being deleted
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.canonical import is_key
from harness.errors import HarnessError
from harness.files import (
    foreign,
    make_folder,
    open_plain,
    os_errors,
    sync_folder,
    write_durably,
)

FORMAT = 1
LONGEST_MARKER = 64  # bytes
ROOMS = ("nodes", "partial", "logs", "locks", "studies", "cache", "quarantine", "trash")


@dataclass(frozen=True)
class Tree:
    """Where everything of the store at `root` lies; only `prepare` and `set_aside` write."""

    root: Path

    def room(self, name: str) -> Path:
        """One of the top folders."""
        return self.root / name

    def node(self, key: str) -> Path:
        """Folder of a published node."""
        return self.root / "nodes" / _checked(key)[:2] / key

    def partial(self, key: str) -> Path:
        """Folder of an unfinished run."""
        return self.root / "partial" / _checked(key)

    def log(self, key: str) -> Path:
        """Log of the latest run of a node."""
        return self.root / "logs" / f"{_checked(key)}.log"

    def lock(self, key: str) -> Path:
        """Lock file of a node."""
        return self.root / "locks" / f"{_checked(key)}.lock"

    def entries(self, name: str) -> list[Path]:
        """What lies in one of the top folders, sorted; nothing when the folder is not there."""
        return sorted(_listing(self.room(name)))

    def node_folders(self) -> Iterator[Path]:
        """Everything that stands where nodes stand, sorted by key; names are not checked."""
        for shelf in self.entries("nodes"):
            if shelf.is_dir() and not shelf.is_symlink():
                yield from sorted(_listing(shelf))

    def check_format(self) -> None:
        """Raise HarnessError unless `root` is absent, empty, or a store of this version, with its
        rooms in it: clean-up through a link would empty a folder of somebody else.
        """
        marker = self.root / "format"
        try:
            with open_plain(marker) as file:
                text = file.read(LONGEST_MARKER).decode("utf-8", errors="replace").strip()
        except FileNotFoundError:
            self._require_unused()
            return
        except OSError as error:
            problem = error.strerror or str(error)
            raise HarnessError(str(marker), problem, hint="choose another --store") from None
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise HarnessError(str(marker), f"not a version of a store (got {text[:40]!r})")
        for room in map(self.room, ROOMS):
            if room.is_symlink():
                problem = "is a link, and the rooms of a store lie in it"
                hint = "move the whole store, and link to that"
                raise HarnessError(str(room), problem, hint=hint)
        if int(text) != FORMAT:
            problem = f"the store has format {int(text)}, this harness reads format {FORMAT}"
            hint = "update the harness, or choose another --store"
            raise HarnessError(str(marker), problem, hint=hint)

    def _require_unused(self) -> None:
        """A folder that somebody uses for something else must never be swept by gc."""
        others = [path.name for path in _listing(self.root) if not path.name.startswith(".format.")]
        if others and not (self.root / "format").exists():  # made since we looked
            problem = f"the folder is not a store (it holds {min(others)!r} but no file 'format')"
            hint = "choose a new or empty folder with --store"
            raise HarnessError(str(self.root), problem, hint=hint)

    def prepare(self) -> None:
        """Create what is missing of the folders; the marker first."""
        with os_errors(self.root):
            make_folder(self.root)
            if not (self.root / "format").exists():
                write_durably(self.root / "format", f"{FORMAT}\n".encode())
            for name in ROOMS:
                make_folder(self.room(name))

    def set_aside(self, path: Path, *, room: str = "quarantine") -> Path:
        """Move a folder or file out of sight in one step; returns where it is now."""
        make_folder(self.room(room))
        target = self.room(room) / f"{path.name}-{secrets.token_hex(4)}"
        path.rename(target)
        sync_folder(path.parent)
        return target


def _checked(key: str) -> str:
    if not is_key(key):
        raise HarnessError(f"node {key[:80]!r}", "not a key (64 hexadecimal digits)")
    return key


def _listing(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not foreign(path.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
