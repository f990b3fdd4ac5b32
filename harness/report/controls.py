"""What the controls of a claim say of it: each tests it once more under something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harness.spec.library import Library


@dataclass(frozen=True)
class Control:
    """A claim that repeats another `under` something, or `without` what that is about. `holds` is
    None where it was not run, or was run and decides nothing.
    """

    exhibit: str
    id: str
    under: str
    without: str
    holds: bool | None = None
    was_run: bool = False

    def can_say(self, holds: bool) -> bool:
        """Whether it could say something of a claim that does, or does not, hold: it was run. A
        claim that does not hold with what it is about has nothing to lose without.
        """
        return self.was_run and (holds or not self.without)

    def agrees(self, holds: bool) -> bool | None:
        """Whether it says the same as a claim that does, or does not, hold: the same under
        something else, the opposite without what it is about. None where it is not decided.
        """
        if self.holds is None:
            return None
        return self.holds is (not holds if self.without else holds)


@dataclass(frozen=True)
class Robustness:
    """A claim beside its controls: `is_robust` where it holds and each that was run agrees, None
    where none was run, where one of them is not decided and none disagrees, and where the claim
    itself was not decided or fails under each of them.
    """

    holds: bool | None
    controls: tuple[Control, ...]

    @property
    def said(self) -> tuple[bool | None, ...]:
        """Whether each control that could say something agrees."""
        holds = self.holds
        if holds is None:
            return ()
        return tuple(one.agrees(holds) for one in self.controls if one.can_say(holds))

    @property
    def is_robust(self) -> bool | None:
        if False in self.said:
            return False
        return True if self.holds and self.said and all(self.said) else None

    @property
    def word(self) -> str:
        """`robust`, or what it is instead; nothing where no control decides it."""
        if False in self.said:
            return "not robust"
        if not self.said or None in self.said:
            return ""
        return "robust" if self.holds else "fails under each control"

    @property
    def sentence(self) -> str:
        """What they say, as `holds: unbiased · biased; not decided: corrected`."""
        changed = [control for control in self.controls if not control.without]
        lacking = [control for control in self.controls if control.without]
        left = [control for control in self.controls if control.holds is None]
        parts = [
            _listed("holds", (one.under for one in changed if one.holds)),
            _listed("does not", (one.under for one in changed if one.holds is False)),
            *_also(one for one in lacking if one.holds),
            _listed("and not, as it should be", (c.under for c in lacking if c.holds is False)),
            _listed("not decided", (one.under for one in left if one.was_run)),
            _listed("not run", (one.under for one in left if not one.was_run)),
        ]
        return "; ".join(filter(None, parts))


def _listed(what: str, names: Iterable[str]) -> str:
    found = list(dict.fromkeys(names))
    return f"{what}: {' · '.join(found)}" if found else ""


def _also(lacking: Iterable[Control]) -> Iterable[str]:
    """What holds without that which it is about."""
    by_lack: dict[str, list[str]] = {}
    for one in lacking:
        by_lack.setdefault(one.without, []).append(one.under)
    for lack, names in by_lack.items():
        yield f"holds also {' · '.join(dict.fromkeys(names))}, so it is not about {lack}"


def controls_of(
    library: Library, found: Mapping[tuple[str, str], bool | None]
) -> dict[str, tuple[Control, ...]]:
    """Claim, as `fig2/brighter-with-width`, → its controls, with what was `found` by exhibit and id
    of each that was run.
    """
    made: dict[str, list[Control]] = {}
    for name, exhibit in library.exhibits.items():
        for claim in exhibit.claim:
            if claim.repeats:
                at, said = (name, claim.id), (claim.under, claim.without)
                control = Control(*at, *said, holds=found.get(at), was_run=at in found)
                made.setdefault(claim.repeats, []).append(control)
    return {name: tuple(several) for name, several in made.items()}


def summary(found: Sequence[Robustness]) -> str:
    """`Of 5 claims that hold and have controls which were run, 2 are robust`."""
    known = [one for one in found if one.holds and one.said]
    if not known:
        return ""
    robust = sum(one.is_robust is True for one in known)
    whom = "Of the one claim that holds and has" if len(known) == 1 else (
        f"Of the {len(known)} claims that hold and have"
    )  # fmt: skip
    does = "is robust: it holds" if robust == 1 else "are robust: they hold"
    said = f"{robust} {does} under each of them" if robust else "none holds under each of them"
    return f"{whom} controls that were run, {said}"
