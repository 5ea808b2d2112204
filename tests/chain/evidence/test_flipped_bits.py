"""F13: a small package with one bit of one member flipped, the zip made good again."""

from random import Random

import pytest

from chain.evidence.archive import read_archive
from chain.evidence.names import BUNDLE
from chain.evidence.verification import Trust
from tests.chain.evidence import standalone
from tests.chain.evidence.making import policy, report, verdicts, zipped
from tests.chain.evidence.test_archive import tiny
from tests.chain.keys import LOG, W1

TRUST = Trust(policy=policy(logs=(LOG,), witnesses=(W1,), threshold=1))
MEMBERS = read_archive(tiny())


def test_the_small_package_is_good() -> None:
    found = report(tiny(), TRUST)
    assert found["colour"] == "yellow"
    assert [c for c, v in verdicts(found).items() if v[0] == "failed"] == []


@pytest.mark.parametrize("name", MEMBERS)
def test_one_flipped_bit_in_a_member_is_never_overlooked(name: str) -> None:
    """Spread over all of it; ``tests/chain/evidence/campaign.py`` flips every bit."""
    source = Random(name)
    content = bytearray(MEMBERS[name])
    for place in range(0, len(content), max(1, len(content) // 20)):
        bit = 1 << source.randrange(8)
        content[place] ^= bit
        package = zipped(MEMBERS | {name: bytes(content)})
        found = report(package, TRUST)
        assert found["colour"] == "red" or (found["colour"] == "grey" and name == BUNDLE)
        if place % 5 == 0:
            assert standalone.report(package, TRUST) == found
        content[place] ^= bit
