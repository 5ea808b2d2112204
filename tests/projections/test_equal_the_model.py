"""Every view says what the model says, at many tree sizes; filters included (2.2, 3)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from eventsourcing.persistence import StoredEvent

from projections.balances import balance_id
from projections.fact import Fact
from projections.keys import COUNTS
from projections.view import NothingKept, Rows
from projections.views import READABLE, VIEWS
from tests.projections.model import Model

SIZES = 12

NAMES = {"order_id": "order", "key_id": "key", "dispute_id": "dispute", "payment_id": "payment"}
"""Columns that the model calls otherwise."""


class Folded:
    """All views and the model, folded together."""

    def __init__(self) -> None:
        self.rows = {name: Rows(NothingKept()) for name in VIEWS}
        self.model = Model()
        self.size = 0

    def see(self, fact: Fact, event: StoredEvent) -> None:
        for name, view in VIEWS.items():
            view.apply(fact, self.rows[name])
        self.model.see(fact.index, fact.stream, fact.topic, event.state)
        self.size = fact.index + 1

    def table(self, name: str) -> dict[str, Any]:
        view, table = READABLE[name]
        held = self.rows[view.name].held.get(table.name, {})
        return {row_id: row for row_id, row in held.items() if row is not None}


def folded(facts: Sequence[Fact], events: Sequence[StoredEvent]) -> Iterator[Folded]:
    """Give views and model at sizes all over the log, and at its end."""
    stops = {*Random(5).sample(range(1, len(facts)), SIZES), len(facts)}
    both = Folded()
    for fact, event in zip(facts, events, strict=True):
        both.see(fact, event)
        if both.size in stops:
            yield both


def agree(rows: dict[str, Any], wanted: dict[str, dict[str, Any]], *names: str) -> None:
    """Check that both know the same things, and say the same of each."""
    assert rows.keys() == wanted.keys()
    for row_id, one in wanted.items():
        for name in names:
            assert rows[row_id][name] == one[NAMES.get(name, name)], (row_id, name)


def test_orders_keys_disputes_and_refunds(
    facts: Sequence[Fact], events: Sequence[StoredEvent]
) -> None:
    for both in folded(facts, events):
        model = both.model
        agree(
            both.table("orders"),
            model.orders,
            *("state", "funds", "escrow", "refunded", "units_refunded", "key_id", "dispute_id"),
            *("payment_id", "buyer", "merchant", "product", "checkout", "amount", "currency"),
        )
        agree(
            both.table("keys"),
            model.keys,
            *("state", "order_id", "merchant", "product", "batch", "units", "views"),
            *("units_used", "units_refunded"),
        )
        agree(
            both.table("disputes"),
            model.disputes,
            *("state", "order_id", "buyer", "merchant", "opener", "fault", "arbitrator"),
            *("outcome", "appealed", "accepted", "messages"),
        )
        agree(both.table("refunds"), model.refunds, "state", "order_id", "amount", "failures")


def test_a_key_is_shown_as_its_orders_buyer_s_while_it_is_bound(
    facts: Sequence[Fact], events: Sequence[StoredEvent]
) -> None:
    for both in folded(facts, events):
        for key, row in both.table("keys").items():
            order = both.model.keys[key]["order"]
            assert row["buyer"] == (both.model.orders[order]["buyer"] if order else None)


def test_an_order_s_timeline_has_its_own_events_and_no_other_order_s(
    facts: Sequence[Fact], events: Sequence[StoredEvent]
) -> None:
    for both in folded(facts, events):
        told: dict[str, list[tuple[int, str]]] = {}
        for row in both.table("timeline").values():
            told.setdefault(row["order_id"], []).append((row["created"], row["topic"]))
            assert row["buyer"] == both.model.orders[row["order_id"]]["buyer"]
        assert told == both.model.timeline


def test_money_days_stock_and_work(facts: Sequence[Fact], events: Sequence[StoredEvent]) -> None:
    for both in folded(facts, events):
        model = both.model
        money = {row_id: row["amount"] for row_id, row in both.table("balances").items()}
        assert money == {balance_id(*each): sum_ for each, sum_ in model.accounts.items()}
        days = both.table("daily")
        assert set(days) == {"/".join(each) for each in model.daily}
        for each, counts in model.daily.items():
            row = days["/".join(each)]
            assert {name: row[name] for name in counts} == counts
        work = {(row["kind"], row["stream"]): row["state"] for row in both.table("work").values()}
        assert work == model.work
        for table, name in (("stock", "product"), ("batches", "batch")):
            for row_id, row in both.table(table).items():
                counts = model.stock(name, row_id)
                assert {each: row[each] for each in (*COUNTS, "imported", "listed")} == {
                    each: counts[each] for each in (*COUNTS, "imported", "listed")
                }
                # Invariant I3.
                assert row["imported"] == sum(row[each] for each in COUNTS)


def test_merchants_and_credit(facts: Sequence[Fact], events: Sequence[StoredEvent]) -> None:
    for both in folded(facts, events):
        model = both.model
        states = {row_id: row["state"] for row_id, row in both.table("merchants").items()}
        known = {each for each, state in states.items() if state != "new"}
        assert {each: states[each] for each in known} == {
            each: one["state"] for each, one in model.merchants.items()
        }
        credit = both.table("credit")
        for merchant, score in model.scores.items():
            assert credit[merchant]["score"] == score
        for merchant, grade in model.grades.items():
            assert credit[merchant]["grade"] == grade
        deposits = Counter({each: row["deposit"] for each, row in credit.items()})
        # A counter that has nothing of something equals one that never heard of it.
        assert deposits == model.deposits
        found = {row_id: row["state"] for row_id, row in both.table("sanctions").items()}
        assert found == model.sanctions


def test_every_kind_of_fact_that_a_view_folds_occurred_or_is_named_here(
    facts: Sequence[Fact],
) -> None:
    folded = {topic for view in VIEWS.values() for topic in view.folds}
    unseen = folded - {fact.topic for fact in facts}
    assert unseen == {
        # Too rare for two short histories: tests/domain/payments and credit have them.
        *("payment.unmatched", "payment.charged_back", "voucher.locked"),
        *("credit.grade_changed", "deposit.returned", "deposit.forfeited"),
    }


def test_no_row_ever_holds_a_sealed_value(facts: Sequence[Fact]) -> None:
    """T07: a reference is no value, but a view needs neither."""
    rows = {name: Rows(NothingKept()) for name in VIEWS}
    sealed: set[str] = set()
    for fact in facts:
        for value in fact.data.values():
            if isinstance(value, dict) and set(value) == {"sealed"}:
                sealed.add(value["sealed"])
        for name, view in VIEWS.items():
            view.apply(fact, rows[name])
    assert len(sealed) > 100
    for each in rows.values():
        for held in each.held.values():
            for row in held.values():
                assert not sealed & {str(value) for value in (row or {}).values()}
