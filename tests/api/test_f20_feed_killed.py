"""F20: a feed's consumer dies anywhere, and has every index once, in order, and the signed root.

Twelve kills for each way of reading here; ``python -m tests.api.feed_kills`` does 200.
"""

from pathlib import Path

import pytest

from api.bootstrap import Deployment
from tests.api.feed_kills import KIND, killed


@pytest.mark.parametrize("kind", ["poll", "sse", "files"])
def test_a_consumer_that_is_killed_loses_and_doubles_nothing(
    ledger: Deployment, tmp_path: Path, kind: KIND
) -> None:
    found = killed(ledger, kind, tmp_path / "consumer", kills=12)
    assert found["kills"] >= 6
    assert found["events"] > 1_000
