"""T01: the same paid callback again and again has one effect: one key, one change of stock.

assimon/dujiaoka#97, assimon/dujiaoka#95, assimon/dujiaoka#328, assimon/dujiaoka#106,
Tai7sy/card-system#4.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from chain.store.database import Database
from domain.command import Command
from domain.errors import CallbackRefusedError
from domain.event import Meta
from domain.orders.order import Order
from domain.orders.placing import Basket
from domain.payments.callback import Delivery
from domain.payments.channel import Route
from domain.payments.receiving import CALLBACKS, callbacks_of
from tests.domain.given import BUYER, LATER, NOW, PRICE, MemoryTrade, command_of, identifier
from tests.domain.ledgers import Ledger, ledger_on
from tests.domain.payments.paying import BANK, MAIN, Paying, connections, notice, signed

ONE_SALE = {"payment.captured": 1, "order.paid": 1, "funds.held": 1, "key.sold": 1}


def effects(topics: list[str]) -> dict[str, int]:
    return {topic: number for topic, number in Counter(topics).items() if topic in ONE_SALE}


def test_t01_a_hundred_times_in_a_row() -> None:
    world = Paying()
    order = world.charged()
    for _ in range(100):
        world.hears(signed(notice()))
    assert effects(world.topics()) == ONE_SALE
    assert "payment.callback_refused" not in world.topics(), "a replay is no event of its own"
    world.do("deliver_order", order, LATER)
    world.hears(signed(notice()))
    assert world.topics()[-1] == "order.delivered"


def test_t01_a_day_later_it_is_too_old_and_signed_anew_it_has_no_effect() -> None:
    world = Paying()
    order = world.charged()
    world.hears(signed(notice()))
    size = world.size()
    with pytest.raises(CallbackRefusedError):
        world.hears(signed(notice()), LATER)
    # Too old is anybody's: the day before's callback can be replayed by whoever saw it.
    assert world.topics()[size:] == ["payment.callback_refused"]
    anew = signed(notice(), nonce="2", date=LATER)
    assert world.hears(anew, LATER) == ["payment.callback_refused"]
    assert world.refusals()[-1] == "repeated"
    assert effects(world.topics()) == ONE_SALE
    assert world.trade.load(Order, order).state == "paid"


class Crash(BaseException):
    """The process dies here."""


class DyingTrade(MemoryTrade):
    """Dies at the n-th of its steps, the commit having happened or not."""

    lives = 1_000_000

    def _step(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Crash

    def load(self, *arguments: Any) -> Any:  # noqa: ANN401 — as the desk says
        """Look something up."""
        self._step()
        return super().load(*arguments)

    def rows_of(self, *arguments: Any, **where: Any) -> Any:  # noqa: ANN401
        """Look into a register."""
        self._step()
        return super().rows_of(*arguments, **where)

    def find_receipt(self, command_id: str) -> Sequence[int] | None:
        """Look for a receipt."""
        self._step()
        return super().find_receipt(command_id)

    def record(self, command: Command) -> Sequence[int]:
        """Commit."""
        self._step()
        answer = super().record(command)
        self._step()
        return answer


def test_t01_a_crash_between_any_two_steps_leaves_one_effect() -> None:
    deaths = 0
    for lives in count():
        world = Paying()
        world.trade = DyingTrade()
        order = world.charged()
        world.trade.lives = lives
        try:
            world.hears(signed(notice()))
            died = False
        except Crash:
            died = True
        world.trade.lives = 1_000_000
        assert effects(world.topics()) in ({}, ONE_SALE), "all of it or nothing"
        # The channel heard no answer: the same again, and signed anew.
        world.hears(signed(notice()))
        world.hears(signed(notice(), nonce="2"))
        assert effects(world.topics()) == ONE_SALE
        assert world.trade.load(Order, order).state == "paid"
        if not died:
            break
        deaths += 1
    assert deaths >= 6


@pytest.mark.parametrize("route", [MAIN, BANK])
def test_t01_a_hundred_at_once(
    app_url: str, database: Database, tmp_path: Path, route: Route
) -> None:
    with ledger_on(app_url, database, tmp_path) as ledger:
        [key] = ledger.stock(1)
        order = identifier("ord")
        basket = Basket(order, identifier("chk"), BUYER, key, PRICE)
        ledger.trade.place_order(ledger.command("place"), basket)
        charged = (identifier("pay"), identifier("chk"), PRICE, [order], route)
        ledger.trade.initiate_payment(ledger.command("charge"), *charged)
        # Half of them the very same, half of them signed anew, as a channel in panic does.
        callbacks = [
            signed(notice(route), route, nonce=str(number if number % 2 else 0))
            for number in range(100)
        ]
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda each: hear(ledger, each), callbacks))
        topics = [each.TOPIC for each in ledger.events()]
        assert effects(topics) == ONE_SALE
        assert topics.count("payment.callback_refused") == 50
        rows = ledger.trade.rows_of(CALLBACKS)
        assert len(rows) == 51
        assert list(callbacks_of(ledger.events())) == rows


def hear(ledger: Ledger, delivery: Delivery) -> None:
    def new_command(meta: Meta) -> Command:
        command = command_of(meta.command_id, ledger.vault)
        command.meta = meta
        return command

    ledger.trade.receive_callback(delivery, connections(), NOW, new_command)
