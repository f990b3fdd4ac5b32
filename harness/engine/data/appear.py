"""A folder that is unpacked from an archive: all of it appears at once, or nothing does."""

from __future__ import annotations

import lzma
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from harness.errors import HarnessError

Unpack = Callable[[Path], None]

# what the readers of archives raise for bytes that no writer leaves, beside their own errors
_DAMAGE = (
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    ValueError,
    LookupError,
    ArithmeticError,
)


def appear(
    target: Path, archive: Path, unpack: Unpack, *, kind: str, damage: tuple[type[Exception], ...]
) -> None:
    """Have `unpack(scratch)` fill a scratch folder that becomes `target` by a single rename.

    Where `target` is already, nothing is done; another process sees all of it or nothing. Raises
    HarnessError where the archive, a `kind`, is not whole: `damage` or what a damaged stream
    raises; and where the disk does not take it.
    """
    broken: tuple[type[Exception], ...] = (*_DAMAGE, *damage)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            if target.is_dir():
                return  # another process was faster
            scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
            try:
                unpack(scratch)
                scratch.chmod(0o755)
                scratch.replace(target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
    except broken as error:
        raise HarnessError(
            str(archive), f"not a whole {kind}: {error}", hint="delete it and fetch it again"
        ) from error
    except OSError as error:
        raise HarnessError(
            str(archive),
            f"cannot be unpacked: {error}",
            hint=f"unpack it by hand, so that {target.name}/ lies in {target.parent}",
        ) from error
