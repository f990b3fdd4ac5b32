"""What a check can say: of a cell or a claim its status, of an exhibit a word."""

from __future__ import annotations

from enum import Enum, StrEnum


class Status(Enum):
    """How a cell compares with its golden value; its value is the sentence that the reader sees.

    A claim passes, fails or is undefined, in sentences of its own (`claims`), or is not asked for.
    """

    PASS = "inside the tolerance"  # noqa: S105 - a status
    FAIL = "outside the tolerance"
    MISSING = "published, but this run produced no such cell: {why}"
    UNEXPECTED = "produced, but not published"
    UNDEFINED = "the value is undefined: {why}"
    NOT_RUN = "not run under this profile: {why}"
    NOT_COMPARED = "not compared: {why}"
    APART = "outside its band, which alone decides nothing: {why}"
    IDLE = "held by nothing: {why}"
    NOT_ASKED = "not asked for: some of its places are none of the cells that were"

    def sentence(self, why: str = "") -> str:
        """The sentence with its reason."""
        return self.value.format(why=why)

    def of_cells(self, n: int) -> str:
        """What so many cells with this status do or are: `pass`, `not run`."""
        one, several = _CELLS.get(self.name, (self._plain, self._plain))
        return one if n == 1 else several

    def of_claims(self, n: int) -> str:
        """The same of claims: `hold`, `undefined`."""
        one, several = _CLAIMS.get(self.name, (self._plain, self._plain))
        return one if n == 1 else several

    @property
    def _plain(self) -> str:
        return "not asked for" if self is Status.NOT_ASKED else self.name.lower().replace("_", " ")

    @property
    def is_open(self) -> bool:
        """Whether it neither speaks for the exhibit nor against it."""
        return self in (Status.MISSING, Status.UNEXPECTED, Status.UNDEFINED, Status.NOT_RUN)


_CELLS = {
    "PASS": ("passes", "pass"),
    "FAIL": ("fails", "fail"),
    "IDLE": ("guards nothing", "guard nothing"),
}
_CLAIMS = {"PASS": ("holds", "hold"), "FAIL": ("does not hold", "do not hold")}


class Word(StrEnum):
    """The verdict on an exhibit in a word or few, as `verdict.word_of` decides it.

    Of a published value alone, the first three and the last say what the seeds of a cell bear out.
    """

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
    DISPUTED = "sources disagree"
    NOTHING_HELD = "nothing held"
    BESIDE = "beside the published"
    NOT_COMPARED = "not compared"
    NOT_TESTED = "not tested"
