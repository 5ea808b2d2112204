"""The HTTP application over one deployment. ``tests/api/test_log.py``, ``test_orders.py``."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import problems
from api.bootstrap import Deployment
from api.idempotency.clerk import Clerk, Operation
from api.idempotency.finisher import Finisher
from api.intake import Intake
from api.routes.callbacks import callback_routes
from api.routes.certification import certification_routes
from api.routes.goods import goods_routes
from api.routes.health import health_routes
from api.routes.log import log_routes
from api.routes.orders import order_routes
from api.routes.redemptions import redemption_routes


def create_app(ledger: Deployment) -> FastAPI:
    """Return the application; *ledger* must be open for as long as it serves."""
    app = FastAPI(
        title="Xiyou Ledger",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        lifespan=_living,
        redirect_slashes=False,
    )
    problems.install(app)
    for routes in (
        *(health_routes, log_routes, goods_routes, order_routes),
        *(redemption_routes, callback_routes, certification_routes),
    ):
        app.include_router(routes(ledger))
    app.add_middleware(Intake)
    app.state.ledger = ledger
    app.state.clerk = Clerk(ledger)
    app.state.finisher = Finisher(ledger.database, app.state.clerk, operations_of(app))
    return app


def operations_of(app: FastAPI) -> Mapping[str, Operation]:
    """Return the writing operations of *app* by name."""
    found = [getattr(endpoint, "operation", None) for endpoint in _endpoints(app.routes)]
    return {each.name: each for each in found if isinstance(each, Operation)}


def _endpoints(routes: Iterable[object]) -> Iterator[object]:
    for route in routes:
        # The framework keeps a router that was included as it is.
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from _endpoints(included.routes)
        else:
            yield getattr(route, "endpoint", None)


@asynccontextmanager
async def _living(app: FastAPI) -> AsyncIterator[None]:
    """Work beside the requests for as long as there are some, and end in good order."""
    app.state.finisher.start()
    yield
    await run_in_threadpool(app.state.finisher.close)
    await run_in_threadpool(app.state.clerk.close)
