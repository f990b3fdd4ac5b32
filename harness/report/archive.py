"""A report and all that it links to, in one archive: the same results give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that ZIP knows: there is no clock in an archive
PLAIN_FILE = 0o100644 << 16


def archive(files: Mapping[str, bytes], root: str) -> bytes:
    """`files` (path → content) as a ZIP archive below one folder `root`, in the order of their
    paths.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as into:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{root}/{name}", date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # POSIX, wherever it is made
            entry.external_attr = PLAIN_FILE
            into.writestr(entry, files[name], compresslevel=9)
    return made.getvalue()
