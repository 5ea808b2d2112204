"""64 buyers for one key and for 63: a few rounds of what ``xiyou bench races`` does at length.

F5; Tai7sy/card-system#460: a key that was sold is sold again.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from chain.store.master_key import create_master_key
from scripts.bench import races
from scripts.bench.races import Course, OversoldError


def test_t02_sixty_four_buyers_never_get_more_than_there_is(app_url: str, tmp_path: Path) -> None:
    create_master_key(tmp_path, os.urandom)
    facts = races.run_on(Course(app_url, tmp_path), 3, 1)
    results = facts["results"]
    assert isinstance(results, dict)
    assert results["keys_held"] == 4 * (1 + 1 + 63) + 3 * 64
    assert results["oversold"] == 0


@pytest.mark.parametrize(
    "outcomes", [{"held": 2, "sold out": 62}, {"sold out": 64}, {"held": 1, "sold out": 62}]
)
def test_a_race_that_sells_too_much_or_too_little_is_noticed(outcomes: dict[str, int]) -> None:
    with pytest.raises(OversoldError, match="round"):
        races._judge("round", 1, Counter(outcomes))
