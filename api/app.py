"""The HTTP application over one deployment. ``tests/api/test_log.py``, ``test_orders.py``."""

from fastapi import FastAPI

from api import errors
from api.access import guard
from api.access.gate import Gate
from api.bootstrap import Deployment
from api.routes.access import access_routes
from api.routes.callbacks import callback_routes
from api.routes.certification import certification_routes
from api.routes.goods import goods_routes
from api.routes.health import health_routes
from api.routes.log import log_routes
from api.routes.oauth import oauth_routes
from api.routes.orders import order_routes
from api.routes.redemptions import redemption_routes


def create_app(ledger: Deployment) -> FastAPI:
    """Return the application; *ledger* must be open for as long as it serves."""
    gate = Gate(ledger)
    app = FastAPI(title="Xiyou Ledger", version="0.1.0", docs_url=None, redoc_url=None)
    errors.install(app)
    for routes in (
        *(health_routes, log_routes, goods_routes, order_routes),
        *(redemption_routes, callback_routes, certification_routes),
    ):
        app.include_router(routes(ledger))
    app.include_router(oauth_routes(gate))
    app.include_router(access_routes(ledger, gate))
    guard.install(app, gate)
    app.state.gate = gate
    return app
