"""Lists over HTTP are the model's: filters, owners, cases and pages are a safety property (2.2, 3).

Jepsen found queries with several conditions that left rows out; here one that let a row in
would show another's.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from api.access.masking import OWNERS_ALONE, SEEN
from api.principal import Kind
from tests.api.views.conftest import Readers
from tests.projections.model import Model

LISTS: Final = (
    ("orders", "order", {"state": ("paid", "delivered", "closed_completed")}),
    ("keys", "key", {"state": ("sold", "vouchered", "activated", "listed")}),
    ("refunds", "refund", {"state": ("requested", "settled")}),
    ("disputes", "dispute", {"state": ("auto_ruled", "assigned", "executed")}),
)


def matching(things: Mapping[str, Any], where: Mapping[str, Any]) -> set[str]:
    return {
        thing
        for thing, one in things.items()
        if all(
            one[name] in (wanted if isinstance(wanted, tuple) else (wanted,))
            for name, wanted in where.items()
        )
    }


def things_of(model: Model, path: str) -> dict[str, dict[str, Any]]:
    """Return everything of a kind, each with the parties of its order."""
    found = {}
    for thing, one in getattr(model, path).items():
        order = model.orders.get(one.get("order") or "", {})
        named = {name: order.get(name) for name in ("buyer", "merchant")}
        found[thing] = {**named, **one}
    return found


def test_each_party_lists_its_own_and_nothing_else_by_any_filter(market: Readers) -> None:
    model, random = market.model(), Random(5)
    buyers = sorted({one["buyer"] for one in model.orders.values()})
    merchants = sorted({one["merchant"] for one in model.orders.values()})
    compared = 0
    for kind, column, owners in (
        (Kind.CONSUMER, "buyer", random.sample(buyers, 3)),
        (Kind.MERCHANT, "merchant", random.sample(merchants, 2)),
    ):
        for owner in owners:
            ask = market.asker(kind, owner)
            for path, noun, filters in LISTS:
                things = things_of(model, path)
                for where in ({}, filters):
                    found = market.items(ask, f"/v1/{path}", limit=7, **where)
                    wanted = matching(things, {column: owner, **where})
                    assert sorted(each[noun] for each in found) == sorted(wanted), (path, where)
                    compared += len(wanted)
                    allowed = SEEN[noun] | OWNERS_ALONE.get(noun, frozenset())
                    assert {name for each in found for name in each} <= allowed
                    if kind is Kind.MERCHANT:
                        shown = {each["buyer"] for each in found if "buyer" in each}
                        assert all(each.startswith("usr_…") and len(each) == 9 for each in shown)
    assert compared > 100


def test_several_filters_at_once_hold_all_together(market: Readers) -> None:
    model, auditor = market.model(), market.asker(Kind.AUDITOR, "staff-1")
    orders, random, compared = model.orders, Random(6), 0
    for one in random.sample(sorted(orders.values(), key=str), 12):
        where = {name: one[name] for name in ("merchant", "state", "funds", "buyer")}
        for left_out in (None, "buyer", "merchant", "state"):
            asked = {name: value for name, value in where.items() if name != left_out}
            found = {each["order"] for each in market.items(auditor, "/v1/orders", **asked)}
            assert found == matching(orders, asked)
            compared += len(found)
    assert compared > 48


def test_an_arbitrator_lists_what_her_cases_are_about_and_a_regulator_its_topics(
    market: Readers,
) -> None:
    model = market.model()
    assigned = [one for one in model.disputes.values() if one["arbitrator"]]
    for name in sorted({one["arbitrator"] for one in assigned}):
        ask = market.asker(Kind.ARBITRATOR, name)
        cases = matching(model.disputes, {"arbitrator": name})
        orders = {model.disputes[each]["order"] for each in cases}
        found = {each["dispute"] for each in market.items(ask, "/v1/disputes", limit=3)}
        assert found == cases
        found = {each["order"] for each in market.items(ask, "/v1/orders", limit=3)}
        assert found == orders
        work = market.items(ask, "/v1/work")
        assert {each["assignee"] for each in work} <= {name}
        merchants = {model.orders[each]["merchant"] for each in orders}
        credit = market.items(ask, "/v1/credit")
        assert {each["merchant"] for each in credit} <= merchants
    assert assigned
    nobody = market.asker(Kind.ARBITRATOR, "staff-without-cases")
    for path in ("orders", "disputes", "keys", "refunds", "credit", "merchants", "work"):
        assert market.items(nobody, f"/v1/{path}") == []


def test_a_list_stays_as_of_its_first_page_while_the_log_grows(empty: Readers) -> None:
    events = empty.events
    half = len(events) // 2
    empty.bring(events[:half])
    wanted = matching(empty.model(half).orders, {"state": ("paid", "delivered", "confirmed")})
    ask = empty.asker(Kind.OPERATOR, "staff-4")
    found, size = [], half
    pages = empty.pages(ask, "/v1/orders", limit=3, state=["paid", "delivered", "confirmed"])
    for page in pages:
        assert page["size"] == half
        found += [each["order"] for each in page["items"]]
        assert all(each["index"] < half for each in page["items"])
        empty.bring(events[size : size + 200])
        size = min(size + 200, len(events))
    assert sorted(found) == sorted(wanted)
    assert len(wanted) > 3
