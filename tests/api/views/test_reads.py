"""Reads of views: waits, refusals, recorded reads, and what is left out."""

import threading
from typing import Any

import pytest

from api.principal import Kind
from api.views import resources
from api.views.resource import Resource
from projections.store.runner import catch_up
from tests.api.views.conftest import Readers
from tests.projections.conftest import write

ORDERS = "/v1/orders"
NO_VIEWS = (
    *("readings", "clients", "metrics", "feeds"),
    *("evidence", "openings", "documents", "webhooks", "receipts"),
)
"""Nouns that are read or listed, and not from a view."""


def test_without_a_built_view_it_is_503_view_outdated(empty: Readers) -> None:
    reply = empty.asker(Kind.AUDITOR, "staff-1")(ORDERS)
    assert (reply.status, reply.json["code"]) == (503, "view_outdated")


def test_a_client_reads_its_own_write_or_is_told_that_the_view_is_behind(empty: Readers) -> None:
    empty.bring(empty.events[:200])
    ask = empty.asker(Kind.AUDITOR, "staff-1")
    assert ask(f"{ORDERS}?min_index=199").status == 200
    behind = ask(f"{ORDERS}?min_index=200")
    assert (behind.status, behind.json["code"]) == (503, "view_behind")
    assert behind.json["retry"]["when"] == "after"
    timer = threading.Timer(0.5, empty.bring, [empty.events[200:300]])
    timer.start()
    assert ask(f"{ORDERS}?min_index=250").status == 200
    timer.join()


@pytest.mark.parametrize(
    "query", ["buyers=usr_1", "amount=1", "state=", "open=perhaps", "merchant=%00", "limit=201"]
)
def test_a_filter_that_the_list_has_not_is_refused_and_never_ignored(
    empty: Readers, query: str
) -> None:
    empty.bring(empty.events[:100])
    reply = empty.asker(Kind.AUDITOR, "staff-1")(f"/v1/disputes?{query}")
    assert (reply.status, reply.json["code"]) == (422, "validation_failed")


def test_a_read_is_recorded_for_those_whom_it_concerns_before_it_is_answered(
    market: Readers,
) -> None:
    [order, *_] = market.items(market.asker(Kind.AUDITOR, "staff-1"), ORDERS, limit=1)
    ask = market.asker(Kind.OPERATOR, "staff-4")
    size = market.ledger.reader.size()
    assert ask(f"{ORDERS}/{order['order']}").status == 200
    assert ask(f"{ORDERS}/{order['order']}/timeline").status == 200
    assert ask("/v1/stock").status == 200
    assert market.ledger.reader.size() == size + 2, "stock is nobody's personal affair"
    readings = market.asker(Kind.CONSUMER, order["buyer"])("/v1/readings").json["items"]
    found = {(each["reader"], each["operation"], each["object"]) for each in readings}
    assert ("staff-4", "orders_read", order["order"]) in found
    assert ("staff-4", "steps_list", order["order"]) in found
    assert ("staff-1", "orders_list", "orders") in found


def test_the_timeline_is_the_order_s_own_and_in_order(market: Readers) -> None:
    model = market.model()
    order = next(each for each, one in model.orders.items() if one["state"] == "closed_completed")
    ask = market.asker(Kind.CONSUMER, model.orders[order]["buyer"])
    steps = market.items(ask, f"{ORDERS}/{order}/timeline", limit=4)
    words = [each["step"] for each in reversed(steps) if "step" in each]
    assert words[0] == "placed"
    assert {"paid", "delivered", "confirmed"} <= set(words)
    assert [each["index"] for each in steps] == sorted((s["index"] for s in steps), reverse=True)
    one = ask(f"{ORDERS}/{order}/timeline/{steps[0]['index']}")
    assert {name: one.json[name] for name in steps[0]} == steps[0]


def test_a_row_that_the_log_has_and_the_view_not_yet_is_503_and_not_404(empty: Readers) -> None:
    events, half = empty.events, len(empty.events) // 2
    empty.bring(events[:half])
    # The log grows, and nobody moves the views.
    write(empty.ledger.trade.factory.log, events[half:])  # type: ignore[attr-defined]
    ask = empty.asker(Kind.AUDITOR, "staff-1")
    order = list(empty.model().orders)[-1]
    reply = ask(f"{ORDERS}/{order}")
    assert (reply.status, reply.json["code"]) == (503, "view_behind")
    catch_up(empty.runner)
    assert ask(f"{ORDERS}/{order}").status == 200


def test_the_document_shows_an_example_and_a_schema_of_every_view(empty: Readers) -> None:
    document: dict[str, Any] = empty.client.get("/openapi.json").json
    seen = []
    for path, item in document["paths"].items():
        operation = item.get("get", {}).get("operationId", "")
        noun, _, verb = operation.rpartition("_")
        if verb not in ("list", "read") or noun in NO_VIEWS:
            continue
        seen.append(operation)
        answer = item["get"]["responses"]["200"]["content"]["application/json"]
        assert answer["example"]["size"] > 0, path
        rows = answer["example"].get("items", [answer["example"]])
        schema = answer["schema"]["properties"]
        known = schema["items"]["items"]["properties"] if verb == "list" else schema
        assert rows[0].keys() <= known.keys(), path
    views = [each for each in vars(resources).values() if isinstance(each, Resource)]
    assert len(seen) == 2 * len(views), seen
