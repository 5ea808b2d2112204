"""Every parser that reads foreign bytes, and two verifiers, on mutated good bytes (F13).

A quick run of ``tests/chain/evidence/campaign.py``, which can go on for hours.
"""

from random import Random
from time import monotonic

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import browser
from tests.chain.evidence.campaign import PAGES_AT_ONCE, check_package, fuzz_pages, mutated
from tests.chain.evidence.making import TRUST, Maker, zipped
from tests.chain.evidence.targets import REFUSALS, targets

PARSERS = targets()
MEMBERS = Maker().members()


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60)
@given(source=st.randoms(use_true_random=False))
def test_a_parser_takes_it_or_refuses_it_and_nothing_else(name: str, source: object) -> None:
    data, read = PARSERS[name]
    try:
        read(mutated(data, source))  # type: ignore[arg-type] # Hypothesis's own Random
    except REFUSALS:
        return


@settings(max_examples=40, deadline=None)
@given(source=st.randoms(use_true_random=False), name=st.sampled_from(sorted(MEMBERS)))
def test_two_verifiers_see_every_change_and_agree(source: object, name: str) -> None:
    content = mutated(MEMBERS[name], source)  # type: ignore[arg-type] # Hypothesis's own Random
    package = zipped(MEMBERS | {name: content})
    check_package(package, TRUST, is_changed=content != MEMBERS[name])


@pytest.mark.skipif(browser.PROGRAM is None, reason=browser.WHY_NOT)
def test_the_page_agrees_on_changed_packages_too() -> None:
    assert sum(fuzz_pages(monotonic() + 0.01, Random(3)).values()) == PAGES_AT_ONCE
