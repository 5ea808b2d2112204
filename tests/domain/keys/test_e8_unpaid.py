"""E8: before payment nothing that was recorded or answered holds a raw key or a usable code."""

import json
import logging
from collections.abc import Callable

import pytest

from domain.errors import CodeRefusedError, Refusal
from domain.keys.code import VOUCHER_SYMBOLS
from domain.keys.key import Key
from domain.keys.register import CODES
from domain.orders.order import Order
from tests.domain.given import BUYER, LATER, NOW, PRICE, identifier
from tests.domain.keys.redeeming import NO_CODE, Typing, attempt

RAW = "RAW-7KQ2-XW93-CANARY"


def unpaid(world: Typing) -> str:
    """Place an order for a key, and try what an unpaid buyer may try."""
    [key] = world.stocked([RAW])
    order = world.placed(key)
    world.do("initiate_payment", identifier("pay"), identifier("chk"), PRICE)
    world.do("refuse_callback", identifier("pay"), "signature")
    return order


ASKED: list[Callable[[Typing, str], object]] = [
    lambda world, order: world.do("deliver_order", order, LATER),
    lambda world, order: world.do("renew_voucher", order, LATER),
    lambda world, order: world.do("activate_key", order, BUYER, NOW),
    lambda world, order: world.do("use_units", order, BUYER, 1),
    lambda world, order: world.do("reveal_key", order, BUYER, "x"),
    lambda world, order: world.trade.view_key(world.command(), order, BUYER, "x"),
    lambda world, order: world.trade.show_code(world.command(), order, BUYER),
    lambda world, order: world.trade.redeem_code(world.command(), attempt(NO_CODE), NOW),
]


def test_e8_no_event_register_error_or_output_of_an_unpaid_order_holds_a_key_or_code(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    world = Typing()
    order = unpaid(world)
    said = []
    for ask in ASKED:
        with pytest.raises((Refusal, CodeRefusedError)) as refused:
            ask(world, order)
        said.append(f"{refused.value!s} {refused.value!r} {refused.value.__dict__}")
    recorder = world.trade.recorder
    everything = [
        *(each.body().decode() for each in world.events()),
        json.dumps(str(recorder.registers.tables)),  # type: ignore[attr-defined]
        *said,
        caplog.text,
        *capfd.readouterr(),
    ]
    for text in everything:
        for form in (RAW, RAW.lower(), RAW.replace("-", ""), RAW[4:]):
            assert form not in text
    assert not any(each.startswith("voucher.") for each in world.topics())
    assert world.trade.rows_of(CODES) == []
    key = world.trade.load(Key, world.trade.load(Order, order).key)
    assert key.voucher_code is None
    # No code was even drawn: nothing sealed has the form of one.
    values = [value for _, value in world.sealer.values.values() if isinstance(value, str)]
    assert values == [RAW]
    assert VOUCHER_SYMBOLS not in {len(each.replace("-", "")) - 1 for each in values}
