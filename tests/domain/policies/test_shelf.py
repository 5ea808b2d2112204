"""The shelf at a size of the log, against the keys' own states."""

import pytest

from domain.keys.key import Key
from domain.policies import shelf
from domain.policies.shelf import listed_keys
from tests.domain.given import MERCHANT, key_of_line
from tests.domain.policies.followed import Followed


def world_with(count: int) -> Followed:
    world = Followed()
    world.stocked([f"AAAA-{number:05}" for number in range(count)])
    return world


def test_every_way_off_the_shelf_counts_and_every_way_back() -> None:
    world = world_with(6)
    keys = [key_of_line(number) for number in range(1, 7)]
    world.do("unlist_key", keys[0])
    world.placed(keys[1], "held")
    command = world.command()
    world.trade.load(Key, keys[2]).quarantine(command, "upstream_unknown")
    world.trade.record(command)
    order = world.paid(keys[3], "refunded")
    world.do("request_refund", "rfd_01m6b6cxs0faxvd78frqmaqtj6", order)
    world.do("approve_refund", "rfd_01m6b6cxs0faxvd78frqmaqtj6")
    came_back = world.placed(keys[4], "closed")
    world.do("close_order", came_back, "cancelled")
    found = listed_keys(world.trade.followed, MERCHANT, world.size())
    assert found == sorted([keys[4], keys[5]])
    assert found == sorted(key for key in keys if world.trade.load(Key, key).state == "listed")
    world.do("list_key", keys[3])
    assert keys[3] in listed_keys(world.trade.followed, MERCHANT, world.size())


def test_it_is_that_of_the_size_asked_for() -> None:
    world = world_with(2)
    size = world.size()
    world.do("unlist_key", key_of_line(1))
    assert len(listed_keys(world.trade.followed, MERCHANT, size)) == 2
    assert len(listed_keys(world.trade.followed, MERCHANT, world.size())) == 1
    assert listed_keys(world.trade.followed, MERCHANT, 0) == []


def test_other_merchants_keys_are_theirs() -> None:
    world = world_with(2)
    assert listed_keys(world.trade.followed, "M-HUA", world.size()) == []


def test_it_reads_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_with(5)
    whole = listed_keys(world.trade.followed, MERCHANT, world.size())
    monkeypatch.setattr(shelf, "PAGE", 3)
    assert listed_keys(world.trade.followed, MERCHANT, world.size()) == whole
