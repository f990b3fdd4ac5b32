"""Files that are pinned into the key of every run that reads them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.parts.base import Spec

Checksum = Annotated[str, Field(pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")]


class PinnedFile(Spec):
    """One published file and its checksum."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=128)
    checksum: Checksum
