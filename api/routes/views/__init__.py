"""Reading: every view as a resource, a list and one row of each (``reliability.md``, 4.2)."""

from collections.abc import Iterator

from fastapi import APIRouter

from api.bootstrap import Deployment
from api.routes.views.cases import case_views
from api.routes.views.goods import goods_views
from api.routes.views.money import money_views
from api.routes.views.orders import order_views
from api.routes.views.standing import standing_views
from api.views.reading import Viewing


def view_routes(ledger: Deployment) -> Iterator[APIRouter]:
    """Return the routers of all of them."""
    viewing = Viewing(ledger)
    yield order_views(ledger, viewing)
    for routes in (goods_views, standing_views, money_views):
        yield routes(viewing)
    yield case_views(ledger, viewing)
