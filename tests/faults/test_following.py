"""kill -9 of the follower between cause and effect: repaired by the next one, nothing twice.

The same trade is followed twice: in memory by a follower that lives, and on the real log by
one that is killed again and again. What stands in the log at the end must be the same.
"""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.orders.sales import Basket
from domain.policies.following import Following
from domain.policies.periods import later
from tests.domain.given import MERCHANT, NOW, PRICE, identifier
from tests.domain.policies.followed import Followed

SCALE = int(os.environ.get("XIYOU_TEST_FAULT_SCALE", "1"))
SEED = int(os.environ.get("XIYOU_TEST_FAULT_SEED", "20261122"))
AFTERWARDS = later(NOW, days=4)
POINTS = ("before", "after", "moving", "moved")
EVERY_POINT = ["before:1", "after:1", "after:3", "moving:1", "moved:1", "before:4", "after:5"]
ORDERS = 4


def trade(world: Followed) -> None:
    """Let things happen from which much follows, with nobody there to do it."""
    keys = world.stocked([f"AAAA-{number:05}" for number in range(120)])
    for number in range(ORDERS):
        world.paid(keys[number], f"paid {number}")
        # Each by somebody else: nobody may leave many orders unpaid.
        order, checkout, buyer = (
            identifier(prefix, f"unpaid {number}") for prefix in ("ord", "chk", "usr")
        )
        world.do("place_order", Basket(order, checkout, buyer, keys[ORDERS + number], PRICE))
    world.do("open_dispute", identifier("dsp", "1"), identifier("ord", "paid 0"), "consumer")
    world.do("open_dispute", identifier("dsp", "2"), identifier("ord", "paid 1"), "consumer")
    world.by(MERCHANT, "merchant", "concede_dispute", identifier("dsp", "2"))
    world.do("apply_sanction", MERCHANT, identifier("snc"), "stolen_keys", [1], NOW)


def history(world: Followed) -> dict[str, list[str]]:
    """Return what happened to each thing, in its order."""
    found: dict[str, list[str]] = {}
    for each in world.causes():
        found.setdefault(each.event.originator_id, []).append(each.event.TOPIC)
    return found


def asked(world: Followed) -> set[tuple[str, int | None]]:
    """Return the commands of policies and timers, with their causes."""
    metas = [each.event.meta for each in world.causes()]
    return {(each.command_id, each.causation) for each in metas if each.causation is not None}


def lived() -> Followed:
    """Return the world of a follower that was never killed."""
    world = Followed()
    trade(world)
    world.now = AFTERWARDS
    while world.follower.step(lambda: world.now):
        pass
    return world


@pytest.fixture
def world(app_url: str, tmp_path: Path) -> Iterator[Followed]:
    create_master_key(tmp_path, os.urandom)
    database = Database(app_url)
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": app_url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    with Following(environment) as following:
        world = Followed()
        world.trade = following
        world.sealer = Vault(database, FileMasterKey(tmp_path, os.urandom))  # type: ignore[assignment]
        yield world
    database.close()


def plans() -> Iterator[list[str]]:
    """Give the deaths of one campaign after the other; the first one visits every point."""
    yield EVERY_POINT
    rng = random.Random(SEED)
    for _ in range(SCALE - 1):
        yield [f"{rng.choice(POINTS)}:{rng.randint(1, 9)}" for _ in range(12)]


@pytest.mark.parametrize("deaths", list(plans()), ids="-".join)
def test_a_follower_that_is_killed_between_cause_and_effect_is_repaired_by_the_next(
    world: Followed, app_url: str, tmp_path: Path, deaths: list[str]
) -> None:
    trade(world)
    command = [sys.executable, "-m", "tests.faults.following", app_url, str(tmp_path), AFTERWARDS]
    ended = subprocess.run(
        [*command, *deaths, "none:0", "none:0"],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
    ).stdout.split("\n")
    killed, (last, idle) = ended[: len(deaths)], ended[len(deaths) : -1]
    if deaths == EVERY_POINT:
        assert killed == ["killed"] * len(deaths)
    assert last.split()[0] == "end"
    # The one after it found nothing left to do.
    assert idle.split()[2] == "0"
    wanted = lived()
    assert history(world) == history(wanted)
    assert Counter(world.topics()) == Counter(wanted.topics())
    assert Counter(world.topics())["order.delivered"] == ORDERS - 2
    # The same causes had their effects, under the same names.
    assert asked(world) == asked(wanted)
    assert len(asked(world)) > 10
