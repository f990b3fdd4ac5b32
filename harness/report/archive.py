"""A report and all that it links to, in one archive: the same results give the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from harness.files import os_errors
from harness.plan.expand import Plan
from harness.report.publish import publish
from harness.report.results import JUNIT, REPORT

ARCHIVE = "report.zip"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that ZIP knows: there is no clock in an archive
PLAIN_FILE = 0o100644 << 16


def zipped(out: Path, plan: Plan) -> Path:
    """Put the report of these exhibits, which was just written, into report.zip; its path.

    Raises:
        HarnessError: a file cannot be read or written.
    """
    with os_errors(out):
        paths = [out / REPORT, out / JUNIT]
        for one in plan.exhibits:
            paths += (path for path in (out / one.exhibit.id).iterdir() if path.name[0] != ".")
        files = {path.relative_to(out).as_posix(): path.read_bytes() for path in paths}
    publish(out, {ARCHIVE: archive(files, out.name)})
    return out / ARCHIVE


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
