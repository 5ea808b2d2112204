"""Rule 8: wrong codes: five an account, ten a device, sixty an address, five a voucher."""

from dataclasses import replace

import pytest

from domain.errors import CodeRefusedError
from domain.event import Role
from domain.keys.key import Key
from domain.keys.limits import lock_seconds
from domain.orders.order import Order
from tests.domain.given import BUYER, MUCH_LATER, NOW, identifier, meta_of
from tests.domain.keys.redeeming import NO_CODE, STRANGER, Typing, attempt

MINUTES_9 = "2026-11-22T10:09:59Z"
MINUTES_10 = "2026-11-22T10:10:00Z"
MINUTES_60 = "2026-11-22T11:00:00Z"


def account(number: int) -> str:
    return identifier("usr", f"account {number}")


def test_t20_the_sixth_wrong_code_of_an_account_in_ten_minutes_is_not_looked_at() -> None:
    """Setono/SyliusGiftCardPlugin#297, Setono/SyliusGiftCardPlugin#340,
    Setono/SyliusGiftCardPlugin#45, HiEventsDev/Hi.Events#1080, keygen-sh/keygen-api#442.
    """
    world = Typing()
    code = world.code(world.delivered())
    assert [world.refused(NO_CODE) for _ in range(5)] == ["unknown"] * 5
    assert world.refused(code) == "account_limit"
    assert world.refused(code, now=MINUTES_9) == "", "of those beyond the limit one is recorded"
    assert "key.activated" in world.redeem(code, now=MINUTES_10)


def test_t20_a_device_has_ten_in_an_hour_whatever_accounts_it_uses() -> None:
    world = Typing()
    for number in range(10):
        assert world.refused(NO_CODE, account(number), device="d") == "unknown"
    assert world.refused(NO_CODE, account(10), device="d") == "device_limit"
    assert world.refused(NO_CODE, account(10), device="another") == "unknown"
    assert world.refused(NO_CODE, account(11), now="2026-11-22T10:59:59Z", device="d") == ""
    assert world.refused(NO_CODE, account(11), now=MINUTES_60, device="d") == "unknown"


def test_t20_an_address_has_sixty_in_an_hour_whatever_accounts_and_devices_it_has() -> None:
    world = Typing()
    for number in range(60):
        found = world.refused(NO_CODE, account(number), device=str(number), address="192.0.2.1")
        assert found == "unknown"
    assert world.refused(NO_CODE, account(60), address="192.0.2.1") == "address_limit"
    assert world.refused(NO_CODE, account(61), address="192.0.2.1") == ""
    assert world.refused(NO_CODE, account(62), address="192.0.2.2") == "unknown"


def test_a_right_code_takes_no_slot_and_other_accounts_are_not_held_back() -> None:
    world = Typing()
    for _ in range(4):
        world.refused(NO_CODE)
    assert "key.activated" in world.redeem(world.code(world.delivered()))
    assert world.refused(NO_CODE) == "unknown"
    assert world.refused(NO_CODE) == "account_limit"
    assert world.refused(NO_CODE, STRANGER) == "unknown"


def test_slots_become_free_one_by_one_as_their_time_goes_by() -> None:
    world = Typing()
    for minute in range(5):
        world.refused(NO_CODE, now=f"2026-11-22T10:0{minute}:00Z")
    assert world.refused(NO_CODE, now="2026-11-22T10:05:00Z") == "account_limit"
    assert world.refused(NO_CODE, now="2026-11-22T10:10:00Z") == "unknown"
    assert world.refused(NO_CODE, now="2026-11-22T10:10:30Z") == "account_limit"
    assert world.refused(NO_CODE, now="2026-11-22T10:11:00Z") == "unknown"


def test_a_clock_moved_back_frees_no_slot() -> None:
    world = Typing()
    for _ in range(5):
        world.refused(NO_CODE)
    assert world.refused(NO_CODE, now="2020-01-01T00:00:00Z") == "account_limit"


@pytest.mark.parametrize(
    ("channel", "role"), [("web", "consumer"), ("api", "consumer"), ("desk", "staff")]
)
def test_t21_the_counters_cover_page_api_and_support_desk(channel: str, role: Role) -> None:
    """saleor/saleor#19612."""
    world = Typing()
    code = world.code(world.delivered())
    for path in ("web", "api", "desk", "web", "api"):
        with pytest.raises(CodeRefusedError):
            world.redeem(NO_CODE, by=replace(meta_of("x"), channel=path))
    actor = BUYER if role == "consumer" else "staff-7"
    with pytest.raises(CodeRefusedError):
        world.redeem(code, by=replace(meta_of("x"), channel=channel, role=role, actor=actor))
    assert world.events()[-1].data()["cause"] == "account_limit"
    assert "key.activated" not in world.topics()


def test_rule_8_a_voucher_is_locked_after_five_wrong_hands_and_each_lock_doubles() -> None:
    world = Typing()
    order = world.paid()
    world.do("deliver_order", order, MUCH_LATER)
    code = world.code(order)
    for number in range(4):
        assert world.refused(code, account(number)) == "foreign_buyer"
    assert "voucher.locked" not in world.topics()
    assert world.refused(code, account(4)) == "foreign_buyer"
    assert world.last("voucher.locked") == {"until": MINUTES_10, "locks": 1}
    assert world.refused(code) == "locked"
    assert world.refused(code, account(5)) == "foreign_buyer"
    assert world.topics().count("voucher.locked") == 1, "while it is locked nothing counts"
    for number in range(5):
        assert world.refused(code, account(number), now=MINUTES_10) == "foreign_buyer"
    assert world.last("voucher.locked") == {"until": "2026-11-22T10:30:00Z", "locks": 2}
    assert world.refused(code, now="2026-11-22T10:29:59Z") == "locked"
    assert "key.activated" in world.redeem(code, now="2026-11-22T10:30:00Z")


def test_a_lock_ends_with_its_code_so_that_the_buyer_can_ask_for_another() -> None:
    world = Typing()
    order = world.delivered()
    for number in range(5):
        world.refused(world.code(order), account(number))
    world.do("renew_voucher", order, MUCH_LATER)
    key = world.trade.load(Key, world.trade.load(Order, order).key)
    assert (key.voucher_locks, key.voucher_locked_until) == (0, None)
    assert "key.activated" in world.redeem(world.code(order))


def test_locks_do_not_grow_without_end() -> None:
    assert [lock_seconds(locks) for locks in range(4)] == [600, 1200, 2400, 4800]
    assert lock_seconds(10_000) == 365 * 86_400


def test_t20_a_flood_does_not_fill_the_log() -> None:
    """PeerioTechnologies/peerio-client-mobile#228, keygen-sh/keygen-api#442."""
    world = Typing()
    for _ in range(200):
        with pytest.raises(CodeRefusedError):
            world.trade.redeem_code(world.command(), attempt(NO_CODE), NOW)
    assert world.topics() == ["key.activation_refused"] * 6


def test_t20_the_odds_of_a_guess_are_below_one_in_a_million_a_year() -> None:
    """Ten million live codes, a million accounts that guess at the limit for a year."""
    guesses = 1_000_000 * 6 * 24 * 365 * 5
    live, space = 10_000_000, 32**19 * 32 // 37
    assert live * guesses / space < 1e-6
