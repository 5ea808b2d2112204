"""E3: a key is activated once, however many ask for it at once."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from domain.command import Command
from domain.errors import CodeRefusedError
from domain.keys.key import Key
from domain.orders.order import Order
from domain.orders.sales import Basket
from tests.domain.given import BUYER, LATER, MERCHANT, NOW, PRICE, identifier, meta_of
from tests.domain.keys.deployed import Deployed, command_of, imported
from tests.domain.keys.redeeming import STRANGER, Typing, attempt


def delivered(world: Deployed, name: str, buyer: str = BUYER) -> tuple[str, str]:
    """Sell one key to *buyer*; return its order and the code that was given for it."""
    product = identifier("prd", name)
    world.do("create_product", product, MERCHANT, name)
    imported(world, MERCHANT, product, name, f"RAW-{name}")
    order, checkout = identifier("ord", name), identifier("chk", name)
    world.do("place_order", Basket(order, checkout, buyer, identifier("key", name), PRICE))
    payment = identifier("pay", name)
    world.do("initiate_payment", payment, checkout, PRICE)
    world.do("capture_payment", payment, PRICE, [order], {"name": "somebody"})
    world.do("deliver_order", order, LATER)
    shown = world.trade.show_code(
        command_of(f"show/{name}", world.vault, actor=buyer), order, buyer
    )
    return order, shown.reveal()


def redeem(world: Deployed, barrier: Barrier, command_id: str, account: str, code: str) -> str:
    """Type *code* when all others do; say what came of it."""
    command = command_of(command_id, world.vault)
    barrier.wait()
    try:
        world.trade.redeem_code(command, attempt(code, account), NOW)
    except CodeRefusedError:
        return "refused"
    return "activated"


@pytest.mark.parametrize(("together", "rounds"), [(2, 5), (8, 2), (64, 3)])
def test_t12_of_many_activations_at_once_exactly_one_succeeds(
    world: Deployed, together: int, rounds: int
) -> None:
    """pretalx/pretalx#2393, fossasia/eventyay#1359, simplcommerce/SimplCommerce#1111,
    polarsource/polar#12346, Azuriom/Plugin-Shop#285, spree/spree#13734.
    """
    barrier = Barrier(together)
    with ThreadPoolExecutor(together) as pool:
        for number in range(rounds):
            order, code = delivered(world, f"{together}/{number}")
            tries = [
                pool.submit(redeem, world, barrier, f"r/{together}/{number}/{n}", BUYER, code)
                for n in range(together)
            ]
            assert sorted(each.result() for each in tries) == [
                "activated",
                *["refused"] * (together - 1),
            ]
            key = world.trade.load(Key, world.trade.load(Order, order).key)
            assert (key.state, key.activated) == ("activated", True)
            history = world.trade.recorder.select_events(key.id)
            assert [each.topic for each in history].count("key.activated") == 1
            # The window of those who typed it too late is over for the next round.
            with world.database.connection() as connection:
                connection.execute("DELETE FROM redemption_slots")


def test_e3_a_right_guess_among_many_at_once_does_not_slip_past_the_limit(world: Deployed) -> None:
    """64 codes at once, of which one is right: no more than five were tried before it."""
    _, code = delivered(world, "guessed")
    wrong = [code_like(world) for _ in range(63)]
    barrier = Barrier(64)
    with ThreadPoolExecutor(64) as pool:
        tries = [
            pool.submit(redeem, world, barrier, f"guess/{n}", BUYER, each)
            for n, each in enumerate([*wrong, code])
        ]
        results = [each.result() for each in tries]
    topics = world.topics()
    refused = topics.count("key.activation_refused")
    assert refused <= 6  # five codes that were tried, and the mark that there were more
    if "activated" in results:
        place = topics.index("key.activated")
        assert topics[:place].count("key.activation_refused") <= 5


def code_like(world: Deployed) -> str:
    """Return a code that nobody was given."""
    from domain.keys.code import VOUCHER_SYMBOLS, draw_code  # noqa: PLC0415 — for this alone

    return draw_code(VOUCHER_SYMBOLS, os.urandom)


def test_e3_one_idempotency_key_has_one_answer_from_64_threads(world: Deployed) -> None:
    _, code = delivered(world, "same key")
    barrier = Barrier(64)
    with ThreadPoolExecutor(64) as pool:
        tries = [
            pool.submit(redeem, world, barrier, "the-one-command", BUYER, code) for _ in range(64)
        ]
        assert {each.result() for each in tries} == {"activated"}
    assert world.topics().count("key.activated") == 1
    assert "key.activation_refused" not in world.topics()


def test_e3_a_retry_gets_the_same_success_also_after_a_refund_of_its_reason() -> None:
    world = Typing()
    order = world.delivered()
    command = world.command()
    tried = attempt(world.code(order))
    first = world.trade.redeem_code(command, tried, NOW)
    again = Command(meta_of(command.id), world.sealer, bytes)
    repeated = world.trade.redeem_code(again, tried, LATER)
    assert list(repeated.ids) == list(first.ids)
    assert first.raw_key is not None
    assert repeated.raw_key is None, "a view is given once"
    assert world.topics().count("key.activated") == 1


def test_e3_a_retry_gets_the_same_refusal_even_when_the_code_would_work_by_now() -> None:
    world = Typing()
    code = world.code(world.delivered())
    command = world.command()
    with pytest.raises(CodeRefusedError):
        world.trade.redeem_code(command, attempt(code, product=identifier("prd", "x")), NOW)
    size = world.size()
    again = Command(meta_of(command.id), world.sealer, bytes)
    with pytest.raises(CodeRefusedError):
        world.trade.redeem_code(again, attempt(code), NOW)
    assert world.size() == size


def test_e3_a_key_is_activated_for_its_buyer_and_its_order_follows() -> None:
    world = Typing()
    order = world.delivered()
    code = world.code(order)
    assert world.refused(code, STRANGER) == "foreign_buyer"
    assert world.redeem(f"  {code.lower()} ".strip()) == ["key.activated", "key.revealed"]
    assert world.refused(code) == "used"


def test_e3_what_the_order_has_reached_the_key_reaches_at_once() -> None:
    world = Typing()
    world.policy = "redeem_on_platform"
    order = world.confirmed()
    world.do("release_funds", order)
    world.do("close_order", order, "completed")
    assert world.redeem(world.code(order)) == ["key.activated", "key.confirmed", "key.released"]


def test_t21_the_path_without_a_code_obeys_the_same_lock() -> None:
    """saleor/saleor#19612."""
    from domain.errors import VoucherNotLiveError  # noqa: PLC0415 — for this alone

    world = Typing()
    order = world.delivered()
    for number in range(5):
        world.refused(world.code(order), identifier("usr", str(number)))
    assert world.topics()[-1] == "voucher.locked"
    with pytest.raises(VoucherNotLiveError):
        world.do("activate_key", order, BUYER, NOW)
