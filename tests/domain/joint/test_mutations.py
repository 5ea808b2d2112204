"""The walk is no ornament: each planted mistake in the rules stops it."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from domain.aggregate import Aggregate
from domain.disputes import arbitration
from domain.keys.events import KeyReserved, KeyReturned
from domain.keys.key import Key
from domain.ledger.wallet import Wallet
from domain.orders.events import FundsUnfrozen, RefundExecuted
from domain.orders.order import CAUSES, Order, Sources
from domain.orders.sales import Sales
from domain.orders.standings import Standings
from domain.refunds import returns
from domain.refunds.recall import Recalls
from tests.domain.joint.walk import Walk

Plant = Callable[[pytest.MonkeyPatch], None]
STEPS, SEEDS = 700, (9, 7, 2, 4, 5, 1, 3)


def step(kind: type[Aggregate], topic: str, **states: str) -> Plant:
    """Let an event happen in further states of a thing's first machine for it."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        (attribute, changes), *rest = kind._steps[topic]
        patch.setitem(kind._steps, topic, ((attribute, {**changes, **states}), *rest))

    return plant


def without(owner: Any, name: str, answer: Any = None) -> Plant:  # noqa: ANN401 — a class or module
    """Take a rule away: the method does nothing and returns *answer*."""
    return lambda patch: patch.setattr(owner, name, lambda *_, **__: answer)


def instead(owner: Any, name: str, wrong: Callable[..., Any]) -> Plant:  # noqa: ANN401 — a class or module
    """Put *wrong*, which is given the honest method first, in its place."""
    honest = getattr(owner, name)
    return lambda patch: patch.setattr(
        owner, name, lambda *given, **named: wrong(honest, *given, **named)
    )


def both(*plants: Plant) -> Plant:
    """Plant several: rules that cover each other."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        for each in plants:
            each(patch)

    return plant


def spoil(name: str, value: object) -> Callable[..., None]:
    """Return what sets an attribute of the first argument before the honest method runs."""

    def wrong(honest: Callable[..., None], thing: object, *rest: object) -> None:
        setattr(thing, name, value)
        honest(thing, *rest)

    return wrong


def paid_anyway(honest: Callable[..., None], command: object, dispute: Any, *rest: object) -> None:  # noqa: ANN401 — a dispute
    """Pay a refund, whatever was ruled."""
    dispute.outcome, dispute.key_effect = "refund", "voided"
    honest(command, dispute, *rest)


MUTATIONS: dict[str, Plant] = {
    "a dispute stops nothing": without(Order, "check_no_dispute"),
    "confirmed before delivery": step(Order, "order.confirmed", paid="confirmed"),
    "disputed after completion": both(
        lambda patch: patch.setattr(
            arbitration, "DISPUTABLE", arbitration.DISPUTABLE | {"closed_completed"}
        ),
        step(Order, "funds.recalled", closed_completed="closed_completed"),
        step(Order, "ledger.posted", closed_completed="closed_completed"),
    ),
    "released key stays confirmed": without(Key, "funds_released"),
    "activated key stays activated": without(Key, "order_confirmed"),
    "reserved twice": both(
        step(Key, "key.reserved", reserved="reserved"),
        instead(
            Key,
            "reserve",
            lambda _, key, command, order: key.happen(
                command, KeyReserved(key.id, key.version + 1, command.meta, order)
            ),
        ),
    ),
    "a returned key stays bound": without(KeyReturned, "_apply"),
    "unfreezing leaves the dispute": without(FundsUnfrozen, "_apply"),
    "a refund leaves the escrow": without(RefundExecuted, "_apply"),
    "no posting": without(Order, "_post"),
    "an activated key goes back to stock": instead(
        returns,
        "execute",
        lambda honest, command, order, key, refund, effect, *rest: honest(
            command, order, key, refund, "returned", *rest
        ),
    ),
    "the reservation is kept": without(Key, "release_reservation"),
    "a reviewed order is closed as cancelled": lambda patch: patch.setitem(
        CAUSES, "under_review", frozenset({"sold_out", "cancelled"})
    ),
    "the guarantee pays before the deposit": instead(
        Order,
        "recall",
        lambda honest, order, command, dispute, sources: honest(
            order, command, dispute, Sources(0, 0, 0, sum(sources))
        ),
    ),
    "a debt is forgotten": without(Recalls, "debt_of", 0),
    "a balance is thought bigger": instead(
        Wallet, "balance_of", lambda honest, *given: honest(*given) + 1_000
    ),
    "a rejected refund is paid": instead(
        arbitration,
        "carry_out",
        paid_anyway,
    ),
    "an expired code still works": instead(
        Key,
        "activate",
        lambda honest, key, command, buyer, _: honest(key, command, buyer, ""),
    ),
    "used before activation": step(Key, "bundle.unit_used", vouchered="vouchered"),
    "anybody's code is renewed": instead(
        Sales, "_key_of", lambda _, desk, order: desk.load(Key, order.key)
    ),
    "no joint row": without(Standings, "complete"),
}


def caught(steps: int = STEPS) -> bool:
    """Say whether a walk stumbles."""
    for seed in SEEDS:
        try:
            Walk().run(steps, Random(seed)).check_all()
        except Exception:  # noqa: BLE001 — however it stumbles
            return True
    return False


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_planted_mistake_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTATIONS[name](monkeypatch)
    assert caught(), f"nobody noticed: {name}"


def test_without_a_mistake_nothing_is_caught() -> None:
    assert not caught(400)
