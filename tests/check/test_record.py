"""What a CI system is shown: the cases that fail are those for which `check` exits with 1."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from harness.check.record import junit_xml
from tests.check.test_verdict import judged, lif_16
from tests.synthetic import SyntheticStore, plan


def suite(xml: bytes) -> ElementTree.Element:
    found = ElementTree.fromstring(xml).find("testsuite")  # noqa: S314 - written by this project
    assert found is not None
    return found


def failing(xml: bytes) -> list[str]:
    return [case.attrib["name"] for case in suite(xml) if case.find("failure") is not None]


def test_published_numbers_that_are_reproduced_pass_one_by_one() -> None:
    found = suite(junit_xml([judged(SyntheticStore(plan("table1")))]))
    assert found.attrib == {"name": "table1", "tests": "30", "failures": "0", "skipped": "0"}


def test_a_cell_outside_its_tolerance_fails_with_number_golden_and_basis() -> None:
    store = SyntheticStore(plan("table1"))
    store.contents[lif_16(store)]["best_accuracy"] = 90.0
    xml = junit_xml([judged(store)])
    assert failing(xml) == [
        "table1 as a whole",
        "accuracy neuron lif depth 20 width 16",
        "gap depth 20 width 16",
        "claim gap-falls-with-width",
    ]
    message = suite(xml).findall(".//failure")[1].attrib["message"]
    assert message.startswith("FAIL: outside the tolerance; measured 90 percent, golden 94.73")
    assert "seeds of CIFAR ResNets" in message


@pytest.mark.parametrize("profile", ["smoke", "quick"])
def test_a_claim_that_does_not_count_is_skipped_and_never_fails(profile: str) -> None:
    verdict = judged(SyntheticStore(plan("table1", profile=profile)), profile)
    claims = [case for case in suite(junit_xml([verdict])) if "claim" in case.attrib["name"]]
    assert len(claims) == 2
    assert all(case.find("skipped") is not None for case in claims)


def test_texts_cannot_break_the_file() -> None:
    verdict = judged(SyntheticStore(plan("table1")))
    claim = replace(verdict.claims[0], id='<"\x00&', counted=False)
    xml = junit_xml([replace(verdict, claims=(claim,))])
    assert 'claim <"&' in [case.attrib["name"] for case in suite(xml)]


def test_the_same_verdicts_give_the_same_bytes() -> None:
    verdicts = [judged(SyntheticStore(plan("table1")))]
    assert junit_xml(verdicts) == junit_xml(verdicts)
