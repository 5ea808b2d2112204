"""Stock and batches: how many keys of a product are where (I3). ``tests/api/views/``."""

from fastapi import APIRouter

from api.ids import BatchId, ProductId
from api.views.reading import Viewing
from api.views.resources import BATCHES, STOCK
from api.views.routes import Route, add_list, add_one


def goods_views(viewing: Viewing) -> APIRouter:
    """Return the routes of stock and of batches."""
    router = APIRouter(prefix="/v1", tags=["goods"])
    add_list(
        *(router, viewing, STOCK),
        Route(
            "/stock",
            "stock_list",
            "List products with the counts of their keys: imported = available + reserved +"
            " delivered + voided + quarantined + returned.",
        ),
    )
    add_one(
        *(router, viewing, STOCK),
        Route(
            "/stock/{product}",
            "stock_read",
            "Read the counts of a product's keys. The price is minor units.",
        ),
        named={"product": ProductId},
        row_id=lambda names: names["product"],
    )
    add_list(
        *(router, viewing, BATCHES),
        Route("/batches", "batches_list", "List imported batches with the counts of their keys."),
    )
    add_one(
        *(router, viewing, BATCHES),
        Route(
            "/batches/{batch}",
            "batches_read",
            "Read a batch: what was accepted, rejected and already there.",
        ),
        named={"batch": BatchId},
        row_id=lambda names: names["batch"],
    )
    return router
