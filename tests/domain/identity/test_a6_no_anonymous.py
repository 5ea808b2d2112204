"""A6: nobody anonymous lists, sells, withdraws, or buys for more than the limit."""

from http import HTTPStatus
from typing import cast

import pytest

from api.errors import answer_of
from domain.errors import IllegalTransitionError, UnverifiedError
from domain.identity.account import Right, account_of
from domain.identity.limits import VERSION_1
from domain.identity.standing import REQUIRED, require_right
from domain.keys.intake import Upload
from domain.money import DECIMALS, Money
from domain.orders.sales import Basket
from tests.domain.given import (
    BUYER,
    MERCHANT,
    PRODUCT,
    RING,
    MemoryTrade,
    identifier,
    key_of_line,
)
from tests.domain.identity.enrolling import Enrolling

LIMIT = VERSION_1.unverified_order["CNY"]
TRADE_AREAS = ("product", "key", "order", "payment", "funds")


def shop() -> Enrolling:
    """Return a world whose merchant has a key on the shelf, and who is about to be enrolled."""
    world = Enrolling(party=MERCHANT)
    world.stocked()
    return world


def trade_events(world: Enrolling) -> list[str]:
    return [each for each in world.topics() if each.split(".")[0] in TRADE_AREAS]


def basket(amount: int, currency: str = "CNY", name: str = "a") -> Basket:
    price = Money(amount, currency)
    return Basket(identifier("ord", name), identifier("chk"), BUYER, key_of_line(1), price)


def test_a6_an_account_is_restricted_from_its_first_event_on() -> None:
    world = Enrolling()
    assert world.do("open_account", BUYER) == ["identity.account_restricted"]
    assert world.last("identity.account_restricted") == {"party": BUYER, "cause": "unverified"}
    assert world.account.state == "restricted"


def test_a6_a_claim_alone_opens_the_account_restricted() -> None:
    world = Enrolling()
    assert world.request() == ["identity.account_restricted", "identity.requested"]


def test_a6_nobody_restricts_another_by_opening_the_account_again() -> None:
    world = Enrolling()
    world.verified()
    with pytest.raises(IllegalTransitionError, match="unlocked"):
        world.do("open_account", BUYER)
    assert world.account.state == "unlocked"


def test_a6_an_unverified_merchant_offers_no_product() -> None:
    world = Enrolling(party=MERCHANT)
    world.do("open_account", MERCHANT)
    with pytest.raises(UnverifiedError, match="list"):
        world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    assert trade_events(world) == []


def test_a6_an_unverified_merchant_brings_no_keys() -> None:
    world = shop()
    world.do("open_account", MERCHANT)
    before = trade_events(world)
    upload = Upload(identifier("bat", "second"), MERCHANT, PRODUCT, ["CCCC"])
    with pytest.raises(UnverifiedError, match="list"):
        world.do("import_batch", upload, RING, key_of_line)
    assert trade_events(world) == before


def test_a6_an_unverified_merchant_puts_no_key_back_on_the_shelf() -> None:
    world = shop()
    world.do("unlist_key", key_of_line(1))
    world.do("open_account", MERCHANT)
    before = trade_events(world)
    with pytest.raises(UnverifiedError, match="list"):
        world.do("list_key", key_of_line(1))
    assert trade_events(world) == before


def test_a6_an_unverified_merchant_sells_nothing_that_is_on_the_shelf() -> None:
    world = shop()
    world.do("open_account", MERCHANT)
    before = trade_events(world)
    with pytest.raises(UnverifiedError, match="sell"):
        world.do("place_order", basket(1))
    assert trade_events(world) == before


def test_a6_an_unverified_buyer_buys_up_to_the_limit_and_not_above() -> None:
    world = shop()
    world.do("open_account", BUYER)
    before = trade_events(world)
    with pytest.raises(UnverifiedError, match="buy"):
        world.do("place_order", basket(LIMIT + 1))
    assert trade_events(world) == before
    assert "order.placed" in world.do("place_order", basket(LIMIT))


def test_a6_a_verified_buyer_buys_above_the_limit_from_a_verified_merchant() -> None:
    world = shop()
    world.verified()
    world.party = BUYER
    world.begin("buyer")
    world.verified()
    assert "order.placed" in world.do("place_order", basket(LIMIT + 1))


def test_a6_every_currency_has_its_limit_and_none_is_boundless() -> None:
    assert set(VERSION_1.unverified_order) == set(DECIMALS)


@pytest.mark.parametrize("right", ["list", "sell", "withdraw", "buy"])
def test_a6_the_guard_refuses_every_right_to_whom_it_does_not_know(right: str) -> None:
    """`withdraw` is asked by the wallet's use cases once there are any."""
    world = Enrolling()
    asked = cast("Right", right)
    require_right(world.trade, BUYER, asked, Money(LIMIT + 1, "CNY"))
    world.do("open_account", BUYER)
    with pytest.raises(UnverifiedError):
        require_right(world.trade, BUYER, asked, Money(LIMIT + 1, "CNY"))
    world.verified()
    require_right(world.trade, BUYER, asked, Money(LIMIT + 1, "CNY"))


def test_a6_where_identity_is_required_a_stranger_counts_as_unverified() -> None:
    world = Enrolling(party=MERCHANT)
    world.trade = MemoryTrade({REQUIRED: "yes"})
    with pytest.raises(UnverifiedError):
        world.do("create_product", PRODUCT, MERCHANT, "SKU-001")
    assert world.topics() == []
    world.verified()
    world.stocked()
    with pytest.raises(UnverifiedError):
        world.do("place_order", basket(LIMIT + 1))
    assert "order.placed" in world.do("place_order", basket(LIMIT))


def test_a6_the_refusal_is_answered_403() -> None:
    answer = answer_of(UnverifiedError("x"))
    assert (answer.status, answer.code) == (HTTPStatus.FORBIDDEN, "identity_required")


def test_a6_an_account_has_the_same_stream_always_and_no_two_parties_share_one() -> None:
    parties = [BUYER, MERCHANT, "M-ZHU", identifier("usr", "other")]
    assert len({account_of(each) for each in parties}) == len(parties)
    assert account_of(MERCHANT) == account_of(MERCHANT)
