"""Verdicts as JUnit XML, the form in which CI systems show what failed."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence

from harness.check.claims import ClaimResult
from harness.check.compare import CellResult
from harness.check.status import ClaimStatus, Status
from harness.check.verdict import Verdict


def junit_xml(verdicts: Sequence[Verdict]) -> bytes:
    """A suite per exhibit: a case per cell, per claim, and one for the verdict itself.

    A case fails where `check` would count it; what is compared with nothing, and a claim that does
    not count under this profile, is skipped with its reason. No clock: the same verdicts give the
    same bytes.
    """
    root = ElementTree.Element("testsuites")
    for verdict in verdicts:
        suite = ElementTree.SubElement(root, "testsuite", name=verdict.exhibit)
        whole = _case(suite, verdict, f"{verdict.exhibit} as a whole")
        if verdict.is_broken:
            _add(whole, "failure", verdict.status.name, verdict.explanation)
        for cell in verdict.cells:
            _cell(_case(suite, verdict, _name(cell)), cell)
        for claim in verdict.claims:
            _claim(_case(suite, verdict, f"claim {claim.id}"), claim)
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _case(suite: ElementTree.Element, verdict: Verdict, name: str) -> ElementTree.Element:
    place = f"{verdict.profile}.{verdict.exhibit}"
    return ElementTree.SubElement(suite, "testcase", classname=place, name=_text(name))


def _cell(case: ElementTree.Element, cell: CellResult) -> None:
    if cell.status is Status.NOT_COMPARED:
        _add(case, "skipped", cell.status.name, cell.sentence)
    elif cell.status is not Status.PASS:
        measured = cell.text or f"{cell.value:g} {cell.unit}"
        said = f"{cell.sentence}; measured {measured}, golden {cell.golden or 'none'}"
        bound = f", tolerance {cell.tolerance:g} ({cell.basis})" if cell.basis else ""
        _add(case, "failure", cell.status.name, said + bound)


def _claim(case: ElementTree.Element, claim: ClaimResult) -> None:
    said = f"{claim.sentence}; {claim.predicate}: {claim.measured or 'nothing measured'}"
    if not claim.counted:
        _add(case, "skipped", f"{claim.status.name}, not counted", said)
    elif claim.status is not ClaimStatus.PASS:
        _add(case, "failure", claim.status.name, said)


def _add(case: ElementTree.Element, kind: str, what: str, said: str) -> None:
    ElementTree.SubElement(case, kind, message=_text(f"{what}: {said}"))


def _count(group: ElementTree.Element) -> None:
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        group.set(name, str(len(list(group.iter(tag)))))


def _name(cell: CellResult) -> str:
    levels: Iterable[str] = (f"{axis} {level}" for axis, level in cell.levels.items() if level)
    return " ".join((cell.quantity, *levels))


def _text(said: str) -> str:
    """Without the control characters that no XML can hold."""
    return "".join(c for c in said if c.isprintable() or c in "\n\t")
