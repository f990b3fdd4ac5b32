"""What can be wrong in a store, as values: each kind of finding is the sentence that the user
reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class FaultKind(Enum):
    """The sentences; `{detail}` is what was found there."""

    MANIFEST_MISSING = "has no manifest"
    MANIFEST_ODD = "the manifest is not a plain file"
    MANIFEST_UNREADABLE = "the manifest cannot be read: {detail}"
    MANIFEST_CHANGED = "the manifest was changed after it was written"
    MANIFEST_INVALID = "the manifest does not follow its schema: {detail}"
    MANIFEST_VERSION = "the manifest was written by another version of the harness: {detail}"
    KEY_ELSEWHERE = "the manifest belongs to another node: {detail}"
    KEY_WRONG = "the key does not follow from kind, revision, spec and inputs: {detail}"
    FILE_MISSING = "the file is listed but not there"
    FILE_SIZE = "the size is not the one published: {detail}"
    FILE_CHANGED = "the content is not the one published: {detail}"
    FILE_UNREADABLE = "the file cannot be read: {detail}"
    FILE_UNLISTED = "the file is there but not listed"
    FILE_ODD = "is neither a plain file nor a folder"
    STRAY = "does not belong in the store"
    INPUT_ABSENT = "an input is not stored any more: {detail}"
    PARTIAL_LEFT = "an unfinished run; its checkpoints are used when the node is asked for again"
    QUARANTINED = "was moved aside because it was broken"
    FOREIGN = "is left alone: {detail}"
    TRASH_LEFT = "is left of an interrupted clean-up"


# For the record: none of these makes a stored number wrong. `harness gc` clears what is left over
# and what was moved aside.
INFORMATION = frozenset(
    {
        FaultKind.INPUT_ABSENT,
        FaultKind.PARTIAL_LEFT,
        FaultKind.QUARANTINED,
        FaultKind.TRASH_LEFT,
        FaultKind.FOREIGN,
    }
)


@dataclass(frozen=True)
class Fault:
    """One finding: what, at which place that the user can open, of which node ("": of none)."""

    kind: FaultKind
    place: Path
    key: str = ""
    detail: str = ""

    @property
    def is_information(self) -> bool:
        """Whether it is a remark rather than a fault."""
        return self.kind in INFORMATION

    @property
    def problem(self) -> str:
        """The sentence without the place."""
        return self.kind.value.format(detail=self.detail)

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"
