"""The HTTP application over one deployment. ``tests/api/test_log.py``, ``test_orders.py``."""

from fastapi import FastAPI

from api import errors
from api.bootstrap import Deployment
from api.routes.callbacks import callback_routes
from api.routes.certification import certification_routes
from api.routes.feeds import feed_routes
from api.routes.goods import goods_routes
from api.routes.health import health_routes
from api.routes.log import log_routes
from api.routes.orders import order_routes
from api.routes.redemptions import redemption_routes


def create_app(ledger: Deployment) -> FastAPI:
    """Return the application; *ledger* must be open for as long as it serves."""
    app = FastAPI(title="Xiyou Ledger", version="0.1.0", docs_url=None, redoc_url=None)
    errors.install(app)
    for routes in (
        *(health_routes, log_routes, goods_routes, order_routes),
        *(redemption_routes, callback_routes, certification_routes, feed_routes),
    ):
        app.include_router(routes(ledger))
    return app
