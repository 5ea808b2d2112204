"""The HTTP application over one deployment: the frame that all routes stand in.

A request passes, from outside to inside, and its answer back:

1. `Recording`   gives it an id; one log line, one measurement, one span; the last stop of errors
2. `Versions`    ``Xiyou-Version``
3. `Admission`   reads the credential: who asks is in ``request.state.principal``
4. `RateLimits`  a bucket a principal; 429
5. `Intake`      limits of bodies; JSON read strictly
6. `Faults`      what no route expected: 500 `internal`
7. the guard     the authorization matrix: 401, 403
8. the routes    commands by `api.commands`, lists by `api.lists`

So a refusal for a version costs no token's check, one for a limit no body's reading, and none
is unrecorded. What stands beside the requests is in ``app.state``: ``ledger``, ``clerk``
(idempotency), ``finisher``, ``metrics``, ``readiness``, ``traces``, ``views``
(`api.lists.Views`). ``tests/api/test_frame.py``.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import openapi, problems
from api.access import guard
from api.access.credentials import Admission
from api.access.gate import Gate
from api.bootstrap import Deployment
from api.health.readiness import Look, Readiness
from api.heartbeats import standing_of
from api.idempotency.clerk import Clerk, Operation
from api.idempotency.finisher import Finisher
from api.intake import Intake
from api.limits import Limits, RateLimits
from api.metrics import Metrics
from api.recording import Recording
from api.routes.access import access_routes
from api.routes.accounts import account_routes
from api.routes.callbacks import callback_routes
from api.routes.certification import certification_routes
from api.routes.disputes import dispute_routes
from api.routes.evidence import evidence_routes
from api.routes.feeds import feed_routes
from api.routes.goods import goods_routes
from api.routes.health import health_routes
from api.routes.log import log_routes
from api.routes.oauth import oauth_routes
from api.routes.openings import opening_routes
from api.routes.orders import order_routes
from api.routes.payments import payment_routes
from api.routes.receipts import receipt_routes
from api.routes.redemptions import redemption_routes
from api.routes.refunds import refund_routes
from api.routes.replays import replay_routes
from api.routes.reveals import reveal_routes
from api.routes.reviews import review_routes
from api.routes.rulings import ruling_routes
from api.routes.sales import sale_routes
from api.routes.shopkeeping import shopkeeping_routes
from api.routes.views import view_routes
from api.tracing import traces_to
from api.versions import Versions
from api.views.reading import Viewing
from api.watching import watch

ROUTES: Final = (
    health_routes,
    log_routes,
    goods_routes,
    order_routes,
    redemption_routes,
    callback_routes,
    certification_routes,
    feed_routes,
    account_routes,
    payment_routes,
    refund_routes,
    reveal_routes,
    review_routes,
    sale_routes,
    dispute_routes,
    evidence_routes,
    opening_routes,
    replay_routes,
    ruling_routes,
)
"""What needs the ledger alone."""


def create_app(ledger: Deployment) -> FastAPI:
    """Return the application; *ledger* must be open for as long as it serves."""
    gate = Gate(ledger)
    app = FastAPI(
        title="Xiyou Ledger",
        version="0.1.0",
        docs_url=None,
        redoc_url=None,
        lifespan=_living,
        redirect_slashes=False,
    )
    problems.install(app)
    openapi.install(app)
    for routes in ROUTES:
        app.include_router(routes(ledger))
    for shop in shopkeeping_routes(ledger):
        app.include_router(shop)
    app.include_router(receipt_routes(ledger))
    for router in view_routes(ledger):
        app.include_router(router)
    app.include_router(oauth_routes(gate))
    app.include_router(access_routes(ledger, gate))
    guard.install(app, gate)
    _join(app, ledger, gate)
    _surround(app)
    return app


def _join(app: FastAPI, ledger: Deployment, gate: Gate) -> None:
    """Put what stands beside the requests where routes find it."""
    state = app.state
    state.ledger = ledger
    state.gate = gate
    state.clerk = Clerk(ledger)
    state.finisher = Finisher(ledger.database, state.clerk, operations_of(app))
    state.views = Viewing(ledger)
    state.metrics = Metrics()
    state.traces = traces_to(ledger.settings.traces_url)
    state.readiness = Readiness(ledger, more=_looks(ledger, state.finisher))
    watch(state.metrics, ledger, state.finisher, state.views)


def _looks(ledger: Deployment, finisher: Finisher) -> dict[str, Look]:
    return {"finisher": finisher.standing, "workers": lambda: standing_of(ledger.database)}


def _surround(app: FastAPI) -> None:
    """Put the middlewares around the routes, the innermost first: see the module."""
    factor = app.state.ledger.settings.rate_factor
    app.add_middleware(problems.Faults)
    app.add_middleware(Intake)
    app.add_middleware(RateLimits, limits=Limits(factor))
    app.add_middleware(Admission, gate=app.state.gate)
    app.add_middleware(Versions)
    app.add_middleware(Recording, metrics=app.state.metrics, traces=app.state.traces)


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
    for part in (app.state.finisher, app.state.clerk, app.state.traces):
        await run_in_threadpool(part.close)
