"""E6: a temporary code is random, of one order, for a time; expiry never forfeits the goods."""

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import CodeRefusedError, Refusal
from domain.keys.code import VOUCHER_SYMBOLS, read_code
from domain.keys.key import Key
from domain.orders.order import Order
from tests.domain.given import BUYER, LATER, MUCH_LATER, NOW, identifier
from tests.domain.keys.redeeming import Typing
from tests.domain.keys.test_e4_channel import give_back


def key_of(world: Typing, order: str) -> Key:
    return world.trade.load(Key, world.trade.load(Order, order).key)


def test_e6_codes_are_random_and_of_one_order() -> None:
    world = Typing()
    keys = world.stocked([f"AAAA-{number:04d}" for number in range(20)])
    codes = [world.code(world.delivered(key, str(n))) for n, key in enumerate(keys)]
    assert len(set(codes)) == 20
    assert all(read_code(each, VOUCHER_SYMBOLS) == each for each in codes)
    identifiers = "".join([*keys, BUYER]).upper()
    assert not any(each[:5] in identifiers for each in codes)
    assert "key.activated" in world.redeem(codes[7])
    activated = world.events()[-2]
    assert activated.originator_id == keys[7]


def test_e6_a_code_has_a_time_limit_to_the_second() -> None:
    world = Typing()
    order = world.delivered()
    assert world.refused(world.code(order), now=LATER) == "expired"
    assert "key.activated" in world.redeem(world.code(order), now="2026-11-23T09:59:59Z")


def test_e6_after_revocation_it_fails_and_the_new_one_works() -> None:
    world = Typing()
    order = world.delivered()
    old = world.code(order)
    assert world.do("renew_voucher", order, MUCH_LATER) == ["voucher.revoked", "voucher.issued"]
    assert world.refused(old) == "revoked"
    assert "key.activated" in world.redeem(world.code(order))


def test_e6_expiry_never_forfeits_the_goods() -> None:
    world = Typing()
    order = world.delivered()
    old = world.code(order)
    assert world.do("expire_voucher", order, LATER) == ["voucher.expired"]
    assert world.refused(old, now=LATER) == "expired"
    assert world.do("renew_voucher", order, MUCH_LATER) == ["voucher.issued"]
    assert "key.activated" in world.redeem(world.code(order), now=LATER)


def test_e6_a_refund_revokes_the_live_code() -> None:
    world = Typing()
    order = world.delivered()
    give_back(world, order)
    assert "voucher.revoked" in world.topics()
    assert not key_of(world, order).voucher_live


def test_t24_the_buyer_finds_the_code_again_and_nobody_else_does() -> None:
    """dujiao-next/dujiao-next#237."""
    world = Typing()
    order = world.delivered()
    for _ in range(2):
        assert world.trade.show_code(world.command(), order, BUYER).reveal() == world.code(order)
    for buyer in (identifier("usr", "thief"), "M-LAN"):
        try:
            world.trade.show_code(world.command(), order, buyer)
        except Refusal:
            continue
        raise AssertionError(f"{buyer} was shown the code")


STEPS = st.lists(
    st.sampled_from(["renew_voucher", "expire_voucher", "redeem", "old", "refund"]), max_size=8
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_e6_at_most_one_code_is_live_whatever_happens(steps: list[str]) -> None:
    world = Typing()
    order = world.delivered()
    codes = [world.code(order)]
    accepted = 0
    for step in steps:
        key = key_of(world, order)
        try:
            if step in ("redeem", "old"):
                code = codes[-1] if step == "redeem" else codes[0]
                world.redeem(code, BUYER, now=NOW)
                assert code == codes[-1]
                assert key.voucher_live
                accepted += 1
            elif step == "refund":
                give_back(world, order)
            else:
                world.do(step, order, MUCH_LATER if step == "renew_voucher" else LATER)
        except (CodeRefusedError, Refusal):
            pass
        now = key_of(world, order)
        if now.voucher_code is not None and now.voucher_live:
            codes.append(world.code(order))
        live = {each for each in codes if now.voucher_live and each == codes[-1]}
        assert len(live) <= 1
    assert accepted <= 1
