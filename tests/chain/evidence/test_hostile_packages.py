"""``evidence.md``, section 9 (T9, F13): every row, against two verifiers, with one report."""

import time

import pytest

from tests.chain.evidence import standalone
from tests.chain.evidence.hostile import Case, cases
from tests.chain.evidence.making import report, verdicts

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=[each.name for each in CASES])
def test_a_hostile_package_is_seen_through(case: Case) -> None:
    began = time.monotonic()
    found = report(case.package, case.trust)
    assert time.monotonic() - began < 5
    got = verdicts(found)
    assert {claim: got[claim] for claim in case.wanted} == case.wanted
    assert found["colour"] == case.colour
    assert {each["code"] for each in found["notes"]} >= set(case.notes)
    assert standalone.report(case.package, case.trust) == found


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({each.name for each in CASES}) == len(CASES)
