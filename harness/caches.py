"""A folder for what is compiled once and used again, by this user alone.

Compiled code is loaded without a question, so it is kept only where nobody else can write. A home
is not always there: containers run as users without one, and clusters mount it read-only.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

NAME = "snn-cka-harness"
_PROBE = bytes(4096)  # a full disk or quota still takes an empty file


def own_cache() -> Path | None:
    """The first of these that this user can write and nobody else: the cache folder of the user
    (XDG_CACHE_HOME, else in the home), one in the folder for temporary files; None without either.
    """
    home = _home()
    said = os.environ.get("XDG_CACHE_HOME", "")
    above = Path(said) if said.startswith("/") else home / ".cache" if home else None
    temporary = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - checked to be ours
    for folder in (above and above / NAME, temporary.absolute() / f"{NAME}-{os.geteuid()}"):
        if folder is not None and can_write(folder) and _is_private(folder):
            return folder
    return None


def lend(variable: str, name: str) -> None:
    """Tell a library by its variable to keep its files in a folder `name` of ours, where it was
    told nothing and would look for a home in vain: some then make one that is called `~`.
    """
    if not os.environ.get(variable) and _home() is None and (own := own_cache()) is not None:
        os.environ[variable] = str(own / name)


def can_write(folder: Path) -> bool:
    """Whether files can be put into a folder, which is made if need be. It is tried: what the
    rights promise, a read-only mount, a quota or a server that knows no root may not keep.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(_PROBE)
    except OSError:
        return False
    return True


def _home() -> Path | None:
    """The home of this user, if it is there and can be written."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` raises where there is none
    can_be_used = home.is_absolute() and home.is_dir() and os.access(home, os.W_OK | os.X_OK)
    return home if can_be_used else None


def _is_private(folder: Path) -> bool:
    """Whether it is no link, and this user's, and nobody else may write into it."""
    state = folder.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return (
        stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid() and not state.st_mode & others
    )
