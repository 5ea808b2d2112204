"""Every parser that reads foreign bytes, and two verifiers, on mutated good bytes (F13).

A quick run of ``tests/chain/evidence/campaign.py``, which can go on for hours.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chain.evidence.campaign import (
    REFUSALS,
    check_package,
    mutated,
    parsers,
)
from tests.chain.evidence.making import TRUST, Maker, zipped

PARSERS = parsers()
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
