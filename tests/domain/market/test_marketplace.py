"""The seeded market: one seed, one market; every event and refusal occurs; rules hold."""

from collections import Counter
from hashlib import sha256
from typing import cast

import pytest

from domain import topics
from domain.errors import SoldOutError
from domain.ledger.accounts import kind_of
from domain.ledger.posting import balances, check_whole
from domain.market.action import Action, UnexpectedOutcomeError
from domain.market.marketplace import marketplace
from domain.orders.events import FundsHeld, FundsRecalled, FundsReleased, RefundExecuted
from domain.orders.joint import JOINT_STATES
from tests.domain.given import MemoryRecorder, World

ONLY_IMPORTED = {"recon.break_opened"}
NOT_AT_THE_MARKET = {
    each
    for each in topics.EVENTS
    if each.startswith(("credit.", "deposit.", "ledger.w", "sanction."))
    # The market's own money is in time and stays: tests/domain/payments has the other kinds.
    or each in ("payment.unmatched", "payment.charged_back")
} | {
    # An operator's, and those of codes that are typed: the market's buyers type none.
    *("key.keyring_rotated", "key.rewrapped", "key.activation_refused", "voucher.locked"),
    # Those of risk, which looks at nothing here.
    *("order.held", "order.cleared", "order.blocked"),
    *("evidence.exported", "evidence.anchored", "index.committed"),
    # Those of the API: who asks, what is read, whom it calls.
    *(each for each in topics.EVENTS if each.startswith(("client.", "webhook."))),
}


def market(seed: int, orders: int) -> tuple[World, list[Action]]:
    """Return the world after a market, and what was done in it."""
    world, actions = World(), []
    for action in marketplace(seed, orders):
        action.perform(world.trade, world.sealer)
        actions.append(action)
    return world, actions


@pytest.fixture(scope="module")
def small() -> tuple[World, list[Action]]:
    """Return a market of 600 orders."""
    return market(7, 600)


def digest(world: World) -> str:
    """Return a digest of everything in the log."""
    found = cast("MemoryRecorder", world.trade.recorder).select_notifications(1, 1_000_000)
    text = "".join(f"{e.originator_id}/{e.originator_version}{e.state!r}" for e in found)
    return sha256(text.encode()).hexdigest()


def test_every_kind_of_event_occurs(small: tuple[World, list[Action]]) -> None:
    assert set(small[0].topics()) == set(topics.EVENTS) - ONLY_IMPORTED - NOT_AT_THE_MARKET


def test_it_has_as_many_orders_as_were_asked_for(small: tuple[World, list[Action]]) -> None:
    assert small[0].topics().count("order.placed") == 600


def test_refusals_of_many_kinds_occur(small: tuple[World, list[Action]]) -> None:
    refusals = Counter(each.__name__ for action in small[1] for each in action.refused)
    assert len(refusals) >= 8
    assert refusals[SoldOutError.__name__] >= 5


def test_time_goes_forward(small: tuple[World, list[Action]]) -> None:
    times = [action.at for action in small[1]]
    assert times == sorted(times)


def test_command_ids_are_unique(small: tuple[World, list[Action]]) -> None:
    assert len({action.command_id for action in small[1]}) == len(small[1])


def test_money_is_kept(small: tuple[World, list[Action]]) -> None:
    held: Counter[str] = Counter()
    for event in small[0].events():
        if isinstance(event, FundsHeld | FundsRecalled):
            held[event.originator_id] += event.amount
        elif isinstance(event, FundsReleased | RefundExecuted):
            held[event.originator_id] -= event.amount
    assert all(each >= 0 for each in held.values())


def test_every_account_of_an_ended_order_is_at_zero(small: tuple[World, list[Action]]) -> None:
    world = small[0]
    found = balances(world.events())
    check_whole(found)
    assert {kind_of(account) for account, _ in found} <= {
        *("channel", "merchant", "debt", "escrow", "refund")
    }
    unsettled = {e.originator_id for e in world.events() if e.TOPIC == "refund.approved"}
    unsettled -= {e.originator_id for e in world.events() if e.TOPIC == "refund.settled"}
    held = {row[0] for row in world.trade.rows_of(JOINT_STATES) if row[3] in ("held", "frozen")}
    names = {account.partition(":")[2] for account, _ in found if ":" in account}
    assert names <= unsettled | held | {
        e.merchant for e in world.events() if hasattr(e, "merchant")
    }


def test_the_registers_say_what_the_log_says(small: tuple[World, list[Action]]) -> None:
    assert list(small[0].trade.differences()) == []
    assert len(small[0].trade.rows_of(JOINT_STATES)) == 600


def test_the_first_product_is_the_most_popular(small: tuple[World, list[Action]]) -> None:
    placed = [
        event.data()["product"] for event in small[0].events() if event.TOPIC == "order.placed"
    ]
    counts = sorted(Counter(placed).values())
    assert counts[-1] > 4 * counts[0]


def test_one_seed_is_one_market_byte_for_byte() -> None:
    assert digest(market(3, 60)[0]) == digest(market(3, 60)[0])
    assert digest(market(3, 60)[0]) != digest(market(4, 60)[0])


def test_doing_it_all_again_records_nothing(small: tuple[World, list[Action]]) -> None:
    world, actions = small
    before = world.size()
    for action in actions:
        if not action.refused:
            action.perform(world.trade, world.sealer)
    assert world.size() == before


def test_an_action_that_should_have_been_refused_is_noticed() -> None:
    world = World()
    action = next(marketplace(1, 1))
    wrong = Action(
        **{name: getattr(action, name) for name in Action.__slots__} | {"refused": (SoldOutError,)}
    )
    with pytest.raises(UnexpectedOutcomeError, match="was not refused"):
        wrong.perform(world.trade, world.sealer)
