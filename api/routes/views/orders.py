"""Orders as their parties see them: state, timeline, refunds, and the keys that they hold.

A read is recorded for those whom it concerns. What the key is, is shown to nobody here.
``tests/api/views/``.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from api.access.asking import Asked
from api.access.parties import order_parties
from api.bootstrap import Deployment
from api.ids import KeyId, OrderId, RefundId
from api.lists import Fresh, Page
from api.numbers import SPELT
from api.views.reach import Reach
from api.views.reading import Viewing
from api.views.resources import KEYS, ORDERS, REFUNDS, STEPS
from api.views.routes import Route, add_list, add_one, list_answer, one_answer
from chain.canonical import MAX_INTEGER
from projections.timeline import row_id

Index = Annotated[int, Path(ge=0, le=MAX_INTEGER, description="Of a leaf of the log."), SPELT]


def order_views(ledger: Deployment, viewing: Viewing) -> APIRouter:
    """Return the routes of orders, their steps, refunds and keys."""
    router = APIRouter(prefix="/v1", tags=["orders"])
    trade = ledger.trade
    add_list(
        *(router, viewing, ORDERS),
        Route(
            "/orders",
            "orders_list",
            "List the orders within your reach, the newest first. A platform client names its end"
            " users as `buyer`.",
        ),
    )
    add_one(
        *(router, viewing, ORDERS),
        Route(
            "/orders/{order}",
            "orders_read",
            "Read an order: where it and its money stand. Amounts are minor units.",
        ),
        named={"order": OrderId},
        row_id=lambda names: names["order"],
        find=lambda _, order: order_parties(trade, order),
    )
    _step_routes(router, ledger, viewing)
    add_list(
        *(router, viewing, REFUNDS),
        Route(
            "/refunds", "refunds_list", "List refunds, the newest first. Amounts are minor units."
        ),
    )
    add_one(
        *(router, viewing, REFUNDS),
        Route("/refunds/{refund}", "refunds_read", "Read a refund."),
        named={"refund": RefundId},
        row_id=lambda names: names["refund"],
    )
    add_list(
        *(router, viewing, KEYS),
        Route(
            "/keys",
            "keys_list",
            "List keys: a merchant its stock, a buyer what it bought. No raw key, no code.",
        ),
    )
    add_one(
        *(router, viewing, KEYS),
        Route(
            "/keys/{key}",
            "keys_read",
            "Read where a key stands: sold, viewed, activated. No raw key, no code.",
        ),
        named={"key": KeyId},
        row_id=lambda names: names["key"],
    )
    return router


def _step_routes(router: APIRouter, ledger: Deployment, viewing: Viewing) -> None:
    fresh = [Depends(Fresh("timeline"))]

    @router.get(
        "/orders/{order}/timeline",
        operation_id="steps_list",
        dependencies=fresh,
        responses={200: list_answer(STEPS)},
    )
    def list_steps(order: OrderId, asked: Asked, page: Page) -> dict[str, Any]:
        """List what happened to an order, the newest first: sent, viewed, activated, disputed."""
        parties = asked.object(order, order_parties(ledger.trade, order))
        reach = Reach(things=(order,), end_users=(parties.buyer,))
        return viewing.page(asked, STEPS, page, {}, reach, order_id=order)

    @router.get(
        "/orders/{order}/timeline/{index}",
        operation_id="steps_read",
        dependencies=fresh,
        responses={200: one_answer(STEPS)},
    )
    def read_step(order: OrderId, index: Index, asked: Asked) -> dict[str, Any]:
        """Read what the entry at one leaf index did to an order."""
        row = row_id(order, index)
        return viewing.one(asked, STEPS, row, viewing.parties(asked, STEPS, row), order)
