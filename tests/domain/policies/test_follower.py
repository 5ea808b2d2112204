"""The follower: everything once, nothing twice, on the recorder in memory and on the log."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eventsourcing.persistence import OperationalError

from chain.store.database import Database
from chain.store.master_key import FileMasterKey, create_master_key
from chain.store.vault import Vault
from domain.errors import ConcurrentChangeError
from domain.policies.follower import NAME, TRIES
from domain.policies.following import Following
from tests.domain.given import BUYER, MERCHANT, NOW, identifier
from tests.domain.policies.followed import Followed, tracking

Make = Callable[[], Followed]


@pytest.fixture(params=["memory", "log"])
def world(request: pytest.FixtureRequest) -> Iterator[Followed]:
    """A world whose follower works in memory, and one on the real log and vault."""
    if request.param == "memory":
        yield Followed()
        return
    url, tmp_path = request.getfixturevalue("app_url"), request.getfixturevalue("tmp_path")
    yield from on_the_log(url, tmp_path)


def on_the_log(url: str, folder: Path) -> Iterator[Followed]:
    create_master_key(folder, os.urandom)
    database = Database(url)
    environment = {
        "PERSISTENCE_MODULE": "chain.store.factory:LedgerFactory",
        "XIYOU_DATABASE_URL": url,
        "ORIGINATOR_ID_TYPE": "text",
    }
    with Following(environment) as following:
        world = Followed()
        world.trade = following
        world.sealer = Vault(database, FileMasterKey(folder, os.urandom))  # type: ignore[assignment]
        world.follower = world.follow()
        yield world
    database.close()


def sold(world: Followed, count: int) -> list[str]:
    keys = world.stocked([f"AAAA-{number:04}" for number in range(count)])
    return [world.paid(key, f"order {number}") for number, key in enumerate(keys)]


def test_every_cause_has_its_effect_once(world: Followed) -> None:
    orders = sold(world, 5)
    topics = Counter(world.step())
    assert topics == {"voucher.issued": 5, "order.delivered": 5}
    delivered = [each for each in world.causes() if each.event.TOPIC == "order.delivered"]
    assert [each.event.originator_id for each in delivered] == orders
    assert world.step() == []
    assert world.follower.done == {"deliver": 5}


def test_a_new_start_goes_on_where_the_position_is(world: Followed) -> None:
    sold(world, 2)
    world.step()
    position = world.trade.followed.max_tracking_id(NAME)
    assert position == world.size() or position == world.follower.position
    again = world.follow()
    assert again.step(lambda: NOW) == 0
    assert again.repeated == 0
    assert world.trade.followed.max_tracking_id(NAME) == world.size()


def test_without_a_position_everything_is_asked_again_and_nothing_done_twice(
    world: Followed,
) -> None:
    sold(world, 3)
    world.step()
    before = world.topics()
    other = world.follow("another")
    # Its names are those of policies and causes, not those of the follower.
    assert other.step(lambda: NOW) == 3
    assert (other.repeated, dict(other.done)) == (3, {})
    assert world.topics() == before


def test_the_position_moves_in_the_transaction_of_the_command(world: Followed) -> None:
    sold(world, 1)
    paid = world.last("order.paid").index
    seen: list[int | None] = []
    world.follower._keep_position = lambda: seen.append(  # type: ignore[method-assign]
        world.trade.followed.max_tracking_id(NAME)
    )
    world.step()
    assert seen[0] == paid + 1


def test_a_refused_call_is_counted_with_its_cause_and_passed_over(world: Followed) -> None:
    orders = sold(world, 2)
    world.do("open_dispute", identifier("dsp"), orders[0], "consumer")
    assert Counter(world.step())["order.delivered"] == 1
    (refused,) = world.follower.refusals
    assert (refused.policy, refused.error) == ("deliver", "DisputeOpenError")
    cause = world.causes()[refused.cause].event
    assert (cause.TOPIC, cause.originator_id) == ("order.paid", orders[0])
    again = world.follow("another")
    again.step(lambda: NOW)
    assert list(again.refusals) == [refused]


def test_a_concurrent_change_is_tried_again(world: Followed) -> None:
    sold(world, 1)
    real, left = world.trade.deliver_order, [TRIES - 1]

    def contested(*arguments: object, **named: object) -> object:
        if left[0]:
            left[0] -= 1
            raise ConcurrentChangeError("somebody was faster")
        return real(*arguments, **named)  # type: ignore[arg-type]

    world.trade.deliver_order = contested  # type: ignore[method-assign, assignment]
    assert "order.delivered" in world.step()
    assert not world.follower.refused


@pytest.mark.parametrize("error", [ConcurrentChangeError("again"), OperationalError("down")])
def test_what_cannot_be_done_now_is_not_passed_over(world: Followed, error: Exception) -> None:
    sold(world, 1)
    real = world.trade.deliver_order

    def failing(*_: object, **__: object) -> None:
        raise error

    world.trade.deliver_order = failing  # type: ignore[method-assign, assignment]
    for _ in range(2):
        with pytest.raises(type(error)):
            world.step()
    world.trade.deliver_order = real  # type: ignore[method-assign]
    assert world.step() == ["voucher.issued", "order.delivered"]
    assert not world.follower.refused


def test_a_timer_that_cannot_fire_now_fires_later(world: Followed) -> None:
    world.placed()
    world.step()
    real = world.trade.close_order

    def failing(*_: object, **__: object) -> None:
        raise OperationalError("down")

    world.trade.close_order = failing  # type: ignore[method-assign, assignment]
    with pytest.raises(OperationalError):
        world.wait(minutes=15)
    world.trade.close_order = real  # type: ignore[method-assign]
    assert world.step() == ["order.closed", "key.reservation_released"]


def test_two_followers_of_one_name_do_the_work_of_one(world: Followed) -> None:
    sold(world, 2)
    second = world.follow()
    world.step()
    second.step(lambda: world.now)
    assert world.topics().count("order.delivered") == 2
    assert second.position == world.size()


def test_one_that_falls_behind_knows_the_deadlines_of_what_it_did_not_see(
    world: Followed,
) -> None:
    keys = world.stocked(["AAAA-1111", "BBBB-2222"])
    second = world.follow()
    second.step(lambda: world.now)
    world.placed(keys[0], "first")
    world.step()
    world.placed(keys[1], "second")
    world.now = "2026-11-22T10:15:00Z"
    second.step(lambda: world.now)
    assert world.topics().count("order.closed") == 2


def test_a_position_that_somebody_else_moved_is_taken_up(world: Followed) -> None:
    sold(world, 1)
    world.trade.followed.insert_tracking(tracking(world.size()))
    assert world.step() == []
    assert world.follower.position == world.size()


def test_a_restart_knows_every_deadline(world: Followed) -> None:
    keys = world.stocked(["AAAA-1111", "BBBB-2222", "CCCC-3333"])
    world.placed(keys[0], "unpaid")
    order = world.paid(keys[1], "delivered")
    world.step()
    world.do("activate_key", order, BUYER, world.now)
    started = world.follow()
    for follower in (world.follower, started):
        follower._resume()
    old, new = world.follower._timers.agenda, started._timers.agenda
    assert set(old._set) == set(new._set)
    assert {key: (each.at, each.cause) for key, each in old._set.items()} == {
        key: (each.at, each.cause) for key, each in new._set.items()
    }


def test_batches_of_keys_are_taken_off_once(world: Followed) -> None:
    world.stocked([f"AAAA-{number:05}" for number in range(130)])
    world.do("apply_sanction", MERCHANT, identifier("snc"), "stolen_keys", [1], NOW)
    assert world.step() == ["key.unlisted"] * 130
    again = world.follow("another")
    again.step(lambda: NOW)
    assert world.topics().count("key.unlisted") == 130


def test_a_follower_that_is_stopped_ends_before_its_work_does(world: Followed) -> None:
    sold(world, 2)
    world.follower.stopping = lambda: True
    assert world.step() == []
    world.follower.stopping = lambda: False
    assert Counter(world.step())["order.delivered"] == 2
