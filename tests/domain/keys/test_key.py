"""A card key: one buyer, one activation, and never back to stock once used."""

from typing import TYPE_CHECKING

import pytest

from domain.errors import (
    AlreadyUsedError,
    IllegalTransitionError,
    RefundTooLargeError,
    SoldOutError,
    VoucherNotLiveError,
    WrongPartyError,
)
from domain.keys.key import KEY_TABLE, Key
from tests.domain.given import (
    BUYER,
    LATER,
    NOW,
    MemorySealer,
    command_of,
    identifier,
    imported,
    recorded,
)

ORDER, OTHER = identifier("ord"), identifier("ord", "other")
REFUND = identifier("rfd")

if TYPE_CHECKING:
    from collections.abc import Callable


def given_key(state: str, units: int = 1) -> Key:
    """Return a key that has come as far as *state*."""
    command, key = command_of(), Key(identifier("key"))
    key.take_in(command, imported(key.id, command, units), "AAAA-BBBB")
    steps: list[tuple[Callable[..., None], tuple[str, ...]]] = [
        (key.reserve, (ORDER,)),
        (key.sell, (ORDER,)),
        (key.issue_voucher, (BUYER, LATER)),
        (key.activate, (BUYER, NOW)),
        (key.order_confirmed, ()),
    ]
    for step, arguments in steps:
        if key.state == state:
            break
        step(command, *arguments)
    assert key.state == state
    return key


def test_a_key_is_sealed_and_listed_when_it_is_taken_in() -> None:
    sealer = MemorySealer()
    command, key = command_of("cmd/1", sealer), Key(identifier("key"))
    key.take_in(command, imported(key.id, command), "AAAA-BBBB")
    assert recorded(command) == ["key.imported", "key.sealed", "key.listed"]
    assert list(sealer.values.values()) == [("M-LAN", "AAAA-BBBB")]
    assert not any(b"AAAA" in event.body() for event in command.events)


def test_a_held_key_is_sold_out_for_everybody_else() -> None:
    key, command = given_key("reserved"), command_of()
    with pytest.raises(SoldOutError, match="reserved"):
        key.reserve(command, OTHER)
    assert recorded(command) == []


def test_only_the_order_that_holds_it_can_buy_or_release_it() -> None:
    key, command = given_key("reserved"), command_of()
    with pytest.raises(WrongPartyError):
        key.sell(command, OTHER)
    with pytest.raises(WrongPartyError):
        key.release_reservation(command, OTHER)
    assert recorded(command) == []


def test_an_unpaid_reservation_goes_back_to_the_shelf() -> None:
    key = given_key("reserved")
    key.release_reservation(command_of(), ORDER)
    assert (key.state, key.order) == ("listed", None)


def test_a_key_is_activated_once() -> None:
    key, command = given_key("activated"), command_of()
    with pytest.raises(VoucherNotLiveError):
        key.activate(command, BUYER, NOW)
    assert recorded(command) == []


def test_an_expired_code_does_not_work_and_a_new_one_does() -> None:
    key, command = given_key("vouchered"), command_of()
    with pytest.raises(VoucherNotLiveError):
        key.activate(command, BUYER, LATER)
    key.issue_voucher(command, BUYER, "2026-12-01T00:00:00Z")
    key.activate(command, BUYER, LATER)
    assert recorded(command) == ["voucher.revoked", "voucher.issued", "key.activated"]


def test_a_code_expires_at_its_time_and_not_before() -> None:
    key, command = given_key("vouchered"), command_of()
    with pytest.raises(VoucherNotLiveError):
        key.expire_voucher(command, NOW)
    key.expire_voucher(command, LATER)
    assert recorded(command) == ["voucher.expired"]


def test_an_unused_key_goes_back_to_stock_without_a_live_code() -> None:
    key, command = given_key("vouchered"), command_of()
    key.end(command, "returned", REFUND)
    assert recorded(command) == ["voucher.revoked", "key.returned"]
    assert (key.state, key.order, key.voucher_live) == ("returned", None, False)


def test_a_returned_key_sold_again_shows_nothing_of_its_first_order() -> None:
    key = given_key("vouchered", units=3)
    key.refund_units(command_of(), 3, REFUND)
    key.end(command_of(), "returned", REFUND)
    key.offer(command_of())
    key.reserve(command_of(), OTHER)
    assert (key.order, key.units_left, key.voucher_expires_at) == (OTHER, 3, None)


@pytest.mark.parametrize("mark", ["activated", "revealed"])
def test_a_used_or_shown_key_never_goes_back_to_stock(mark: str) -> None:
    key, command = given_key("activated"), command_of()
    if mark == "revealed":
        key.reveal(command_of(), BUYER, "redeem elsewhere")
    with pytest.raises(AlreadyUsedError, match="can only be voided"):
        key.end(command, "returned", REFUND)
    assert recorded(command) == []
    key.end(command, "voided", REFUND)
    assert key.state == "voided"


def test_used_refunded_and_left_units_are_those_bought() -> None:
    key = given_key("activated", units=10)
    key.use_units(command_of(), 3)
    key.refund_units(command_of(), 5, REFUND)
    assert (key.units_used, key.units_refunded, key.units_left) == (3, 5, 2)
    with pytest.raises(AlreadyUsedError):
        key.use_units(command_of(), 3)
    with pytest.raises(RefundTooLargeError):
        key.refund_units(command_of(), 3, REFUND)


def test_a_voided_key_is_the_end() -> None:
    key = given_key("activated")
    key.end(command_of(), "voided", REFUND)
    for topic in KEY_TABLE:
        with pytest.raises(IllegalTransitionError):
            key.check(topic)


def test_a_key_that_a_buyer_has_is_not_withdrawn() -> None:
    with pytest.raises(WrongPartyError, match="refund that order"):
        given_key("vouchered").void(command_of())


def test_a_key_on_the_shelf_is_not_withdrawn_before_it_is_taken_off() -> None:
    key = given_key("listed")
    with pytest.raises(IllegalTransitionError):
        key.void(command_of())
    key.take_off(command_of())
    key.void(command_of())
    assert key.state == "voided"


def test_a_quarantined_key_cannot_be_bought() -> None:
    key = given_key("listed")
    key.quarantine(command_of(), "stolen_list")
    with pytest.raises(SoldOutError):
        key.reserve(command_of(), ORDER)
