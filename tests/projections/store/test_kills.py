"""kill -9 of the runner of views, anywhere: nothing is lost and nothing counts twice (F20)."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest
from eventsourcing.persistence import StoredEvent

from chain.store.database import Database
from chain.store.log import Log
from projections.store.digest import digest_of
from projections.store.rebuild import rebuild
from projections.views import VIEWS

SCALE = int(os.environ.get("XIYOU_TEST_FAULT_SCALE", "1"))
SEED = int(os.environ.get("XIYOU_TEST_FAULT_SEED", "20261122"))
POINTS = ("read", "moved", "table", "before", "after")
EVERY_POINT = ["read:1", "moved:1", "table:1", "before:1", "after:1", "table:9", "after:2"]


def plans() -> Iterator[list[str]]:
    """Give the deaths of one campaign after the other; the first one visits every point."""
    yield EVERY_POINT
    rng = random.Random(SEED)
    for _ in range(SCALE - 1):
        yield [f"{rng.choice(POINTS)}:{rng.randint(1, 3)}" for _ in range(12)]


@pytest.mark.parametrize("deaths", list(plans()), ids="-".join)
def test_a_runner_that_is_killed_anywhere_loses_and_doubles_nothing(
    filled: Log,
    database: Database,
    app_url: str,
    events: Sequence[StoredEvent],
    deaths: list[str],
) -> None:
    command = [sys.executable, "-m", "tests.projections.store.killed", app_url, *deaths]
    ended = subprocess.run(
        [*command, "none:0", "none:0"], capture_output=True, text=True, timeout=250, check=True
    )
    *killed, last, idle = ended.stdout.splitlines()
    if deaths == EVERY_POINT:
        assert killed == ["killed"] * len(deaths)
    read, position = map(int, last.split()[1:])
    assert 0 < read < len(events), "what was committed before a death was read again"
    assert position == len(events)
    assert idle == f"end 0 {len(events)}"
    # Folded without any death, from the first entry on, every view is the same.
    kept = {name: digest_of(database, view).digest for name, view in VIEWS.items()}
    assert {name: rebuild(database, view).digest for name, view in VIEWS.items()} == kept
