"""Durations and counts as people read them, alike in a terminal, a page and a diff."""

from __future__ import annotations


def duration(seconds: float, *, digits: int = 2) -> str:
    """`4.2 s`, `41 s`, `3 min 05 s`, `2 h 05 min`; with one digit `3 min 5 s`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:0{digits}d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:0{digits}d} min"


def shortened(text: str) -> str:
    """At most 200 characters of a text that somebody else wrote."""
    return text if len(text) <= 200 else f"{text[:200]}…"


def counted(n: int, noun: str) -> str:
    """`1 cell`, `27 cells`."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"
