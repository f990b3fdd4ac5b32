"""Numbers, levels, durations and statuses as a reader meets them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.check.estimate import LEVEL, Estimate
from harness.check.status import Status, Word
from harness.check.verdict import Verdict
from harness.spec.exhibit import Exhibit

MINUS = "−"
NOTHING = "–"
OVER_IMAGES = "95 % over images, for these two networks; says nothing of other seeds"


class Fact(NamedTuple):
    """A label and what it says."""

    label: str
    text: str


class Mark(NamedTuple):
    """A status as word, symbol and tone (good, bad, open, calm): never by colour alone."""

    word: str
    symbol: str
    tone: str


class Count(NamedTuple):
    """How many cells, claims or exhibits have a status."""

    n: int
    mark: Mark


CELLS: Mapping[Status, Mark] = {
    Status.PASS: Mark("pass", "✓", "good"),
    Status.FAIL: Mark("fail", "✕", "bad"),
    Status.MISSING: Mark("missing", "∅", "open"),
    Status.UNEXPECTED: Mark("unexpected", "+", "open"),
    Status.UNDEFINED: Mark("undefined", "?", "open"),
    Status.NOT_RUN: Mark("not run", "○", "open"),
    Status.NOT_COMPARED: Mark("not compared", "·", "calm"),
    Status.APART: Mark("apart", "≈", "open"),
    Status.IDLE: Mark("guards nothing", "·", "open"),
}
CLAIMS: Mapping[Status, Mark] = {
    Status.PASS: Mark("holds", "✓", "good"),
    Status.FAIL: Mark("does not hold", "✕", "bad"),
    Status.UNDEFINED: Mark("undefined", "?", "open"),
    Status.NOT_ASKED: Mark("not asked for", "·", "calm"),
}
UNDRAWN = Mark("not drawn", "?", "open")
FAILED_DRAWING = Mark("not drawn", "✕", "bad")
_WORDS: Mapping[Word, tuple[str, str]] = {
    Word.REPRODUCED: ("✓", "good"),
    Word.NOT_REPRODUCED: ("✕", "bad"),
    Word.INCONCLUSIVE: ("≈", "open"),
    Word.WITHIN: ("≈", "good"),
    Word.OUTSIDE: ("✕", "bad"),
    Word.AS_CLAIMED: ("✓", "good"),
    Word.NOT_AS_CLAIMED: ("✕", "bad"),
    Word.NO_CHANGE_BY_RANKS: ("✓", "good"),
    Word.NO_CHANGE_BY_BANDS: ("✓", "good"),
    Word.CHANGED: ("✕", "bad"),
    Word.UNDECIDED: ("◐", "open"),
    Word.INCOMPLETE: ("◐", "open"),
    Word.DISPUTED: ("≠", "open"),
    Word.NOTHING_HELD: ("✕", "bad"),
    Word.BESIDE: ("◑", "calm"),
    Word.NOT_COMPARED: ("○", "calm"),
    Word.NOT_TESTED: ("·", "calm"),
}


_CLAUSES: Mapping[Word, tuple[str, str]] = {
    Word.WITHIN: ("lies within the margins (one seed)", "lie within the margins (one seed)"),
    Word.OUTSIDE: ("lies outside a margin (one seed)", "lie outside a margin (one seed)"),
    Word.NO_CHANGE_BY_RANKS: ("shows no change", "show no change"),
    Word.NO_CHANGE_BY_BANDS: ("shows no change", "show no change"),
    Word.CHANGED: ("has changed", "have changed"),
    Word.UNDECIDED: ("needs more seeds", "need more seeds"),
    Word.DISPUTED: (
        "rests on runs that sources have otherwise",
        "rest on runs that sources have otherwise",
    ),
    Word.BESIDE: ("stands beside the published numbers", "stand beside the published numbers"),
    Word.NOTHING_HELD: ("has nothing that could fail", "have nothing that could fail"),
}
_LEVELS: Mapping[tuple[str, str], str] = {
    ("neuron", "relu"): "ANN",
    ("one_step_stages", "no-stage"): "no stage",
    ("stages_without_shortcut", "no-stage"): "no stage",
}
SNN = "lif"
"""The neuron that is called SNN where no other stands beside it and the ReLU."""
_TIMES = ("width",)  # axes whose levels are factors
_AXES: Mapping[str, str] = {
    "time_steps": "time steps",
    "one_step_stages": "one step in",
    "stages_without_shortcut": "without shortcuts in",
    "epsilon": "ε",
}
_IN_NO_STAGE: Mapping[str, str] = {
    "one_step_stages": "all time steps in each stage",
    "stages_without_shortcut": "with all shortcuts",
}


def axis(name: str) -> str:
    """`time_steps` → `time steps`."""
    return _AXES.get(name, name)


def snn_of(exhibit: Exhibit) -> str:
    """The neuron of an exhibit that can be called SNN; '' where others are in it, too."""
    return SNN if {*exhibit.neurons()} <= {"relu", SNN} else ""


def level(name: str, text: str, snn: str = SNN) -> str:
    """A level of an axis: `relu` → ANN, width `2` → ×2, `stage-1-2` → stages 1 and 2. `snn` is the
    neuron that is called so.
    """
    if name == "neuron" and text and text == snn:
        return "SNN"
    if name in _TIMES and text:
        return f"×{text}"
    if name in _IN_NO_STAGE and text.startswith("stage-"):
        several = text.split("-")[1:]
        return f"stage{'s' * (len(several) > 1)} {listed(several)}"
    return _LEVELS.get((name, text), text)


def natural(name: str) -> list[str | int]:
    """What names are sorted by, so that figA2 stands before figA10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def quantity(name: str) -> str:
    """`attack_cka_mean` → `attack CKA mean`."""
    return " ".join("CKA" if word == "cka" else word for word in name.split("_"))


def headed(text: str) -> str:
    """With a capital at its start, the rest as it is."""
    return text[:1].upper() + text[1:]


def levels(held: Mapping[str, str], snn: str = SNN) -> str:
    """`ANN, depth 20, with all shortcuts`; levels that a cell does not have are left out."""
    said = []
    for name, text in held.items():
        if text == "no-stage" and name in _IN_NO_STAGE:
            said.append(_IN_NO_STAGE[name])
        elif text:
            word = level(name, text, snn)
            said.append(word if name == "neuron" else f"{axis(name)} {word}")
    return ", ".join(said)


def number(value: float, unit: str) -> str:
    """Percent with two decimals, whole numbers with thousands apart, the rest with four digits."""
    if math.isnan(value):
        return NOTHING
    if unit.startswith("percent"):
        text = f"{value:.2f}"
    elif value == int(value) and abs(value) < 1e15:
        text = f"{int(value):,}".replace(",", "\u202f")
    else:
        text = f"{value:.4g}"
    return text.replace("-", MINUS)


def signed(value: float, unit: str) -> str:
    """A difference with its sign; a zero has none."""
    if math.isnan(value):
        return NOTHING
    text = number(abs(value), unit)
    if not text.strip("0.\u202f"):
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


def interval(found: Estimate) -> str:
    """`high − low 0.31: 0.12 to 0.5 at 95 %, over 5 seeds, by Student's t; it holds in 4 of 5`"""
    if math.isnan(found.value):
        return ""
    if found.is_interval:
        low, high = number(found.low, found.unit), number(found.high, found.unit)
        of = found.of if "_" not in found.of else quantity(found.of)
        said = f"{of} {number(found.value, found.unit)}: {low} to {high} at {100 * LEVEL:.0f} %, "
        said += found.over
    else:
        said = f"none: {found.over}"
    return f"{said}; it holds in {found.holds} of {found.seeds}" if found.seeds > 1 else said


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    found = list(words)
    if len(found) < 2:
        return "".join(found)
    return f"{', '.join(found[:-1])} and {found[-1]}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns of text: the first from the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if place else text.ljust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def of_word(word: Word) -> Mark:
    """The mark of an exhibit, or of what the seeds of a cell say."""
    return Mark(str(word), *_WORDS[word])


def clauses(word: Word) -> tuple[str, str]:
    """What one exhibit with this word is or does, and several: `shows no change`, `show …`."""
    return _CLAUSES.get(word, (f"is {word}", f"are {word}"))


def told_by(verdict: Verdict) -> tuple[str, str]:
    """`clauses` of an exhibit; one held against nothing may have claims that were tested."""
    tested = any(one.status in (Status.PASS, Status.FAIL) for one in verdict.claims)
    if verdict.word is Word.NOT_COMPARED and tested:
        return "is told by its claims alone", "are told by their claims alone"
    return clauses(verdict.word)


def counts_of_cells(verdict: Verdict) -> tuple[Count, ...]:
    """Cells by status."""
    return tuple(
        Count(n, CELLS[status]._replace(word=status.of_cells(n)))
        for status, n in verdict.cell_counts.items()
    )


def counts_of_claims(verdict: Verdict) -> tuple[Count, ...]:
    """Claims by status, those that do not count in a calm tone."""
    counted = any(claim.counted for claim in verdict.claims)
    found = []
    for status, n in verdict.claim_counts.items():
        _, symbol, tone = CLAIMS[status]
        tone = tone if counted else "calm"
        found.append(Count(n, Mark(status.of_claims(n), symbol, tone)))
    return tuple(found)
