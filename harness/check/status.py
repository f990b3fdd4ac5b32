"""Every outcome has a name, and its value is the sentence that the reader sees."""

from __future__ import annotations

from enum import Enum, StrEnum


class _Said(Enum):
    def sentence(self, why: str = "") -> str:
        """The sentence with its reason."""
        said: str = self.value
        return said.format(why=why)


class Status(_Said):
    """How one cell compares with its golden value."""

    PASS = "inside the tolerance"  # noqa: S105 - a status
    FAIL = "outside the tolerance"
    MISSING = "published, but this run produced no such cell: {why}"
    UNEXPECTED = "produced, but not published"
    UNDEFINED = "the value is undefined: {why}"
    NOT_RUN = "not run under this profile: {why}"
    NOT_COMPARED = "not compared: {why}"
    APART = "outside its band, which alone decides nothing: {why}"


class ClaimStatus(_Said):
    """Whether a claim's predicate holds on the cells."""

    PASS = "the predicate holds"  # noqa: S105 - a status
    FAIL = "the predicate does not hold"
    UNDEFINED = "the predicate cannot be evaluated: {why}"


class Evidence(_Said):
    """What the seeds say of a published value, by a test at a stated error rate.

    Beside `Status`, which asks whether the mean as it is lies inside the tolerance.
    """

    REPRODUCED = "reproduced: {why}"
    NOT_REPRODUCED = "not reproduced: {why}"
    INCONCLUSIVE = "inconclusive: {why}"
    NOT_TESTED = "not tested: {why}"

    @property
    def word(self) -> str:
        """The status in a word or two."""
        return self.name.lower().replace("_", " ")


class Word(StrEnum):
    """The verdict on an exhibit in a word or few, as `check.word` decides it."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    INCONCLUSIVE = "inconclusive"
    WITHIN = "within the margins (one seed)"
    OUTSIDE = "outside a margin (one seed)"
    AS_CLAIMED = "as claimed"
    NOT_AS_CLAIMED = "not as claimed"
    NO_CHANGE_BY_RANKS = "no change seen (ranks)"
    NO_CHANGE_BY_BANDS = "no change seen (bands)"
    CHANGED = "changed"
    UNDECIDED = "more seeds would decide"
    INCOMPLETE = "incomplete"
    NOT_COMPARED = "not compared"


class ExhibitStatus(_Said):
    """What all cells and counted claims of an exhibit say together."""

    REPRODUCED = "it holds: {why}"
    NOT_REPRODUCED = "it does not hold: {why}"
    UNDECIDED = "cells lie outside of their bands, and more seeds would decide: {why}"
    INCOMPLETE = "nothing contradicts it, but cells or claims are missing, undefined or unexpected"
    NOT_COMPARED = "held against nothing: {why}"

    @property
    def holds(self) -> bool:
        """False where a check must fail."""
        return self in (ExhibitStatus.REPRODUCED, ExhibitStatus.NOT_COMPARED)
