"""Whether this process lives, has started and can serve, and its metrics; no business.

Anonymous callers hear yes or no; why, and the metrics, are for operators.
``tests/api/test_health.py``.
"""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from api.access.asking import principal
from api.bootstrap import Deployment
from api.health.readiness import WELL, Readiness
from api.health.start import Start
from api.principal import Kind

logger = logging.getLogger(__name__)

NO_STORE = {"Cache-Control": "no-store"}
METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"


def health_routes(ledger: Deployment) -> APIRouter:
    """Return the routes ``/livez``, ``/readyz``, ``/startupz`` and ``/metrics``."""
    router = APIRouter(tags=["health"])
    start = Start(ledger)

    @router.get("/livez", operation_id="health_live")
    async def livez() -> dict[str, str]:
        """Say that the process answers; asks nothing else."""
        return {"status": "ok"}

    @router.get("/readyz", operation_id="health_ready")
    def readyz(request: Request) -> Response:
        """Say whether requests can be served now; 503 if not."""
        readiness = request.app.state.readiness
        assert isinstance(readiness, Readiness)  # noqa: S101 — create_app has put it there
        looks = readiness.looks()
        well = all(each == WELL for each in looks.values())
        body: dict[str, Any] = {"status": WELL if well else "unready"}
        if principal(request).kind is Kind.OPERATOR:
            body |= {"checks": looks, **readiness.facts()}
        return _answer(body, well=well)

    @router.get("/startupz", operation_id="health_start")
    def startupz(request: Request) -> Response:
        """Say whether one proof was made and verified since the process began."""
        body: dict[str, Any] = {"status": WELL}
        operator = principal(request).kind is Kind.OPERATOR
        try:
            proved = start.proved()
        except Exception as error:
            logger.warning("unstarted", exc_info=error)
            body["status"] = "starting"
            if operator:
                body["why"] = type(error).__name__
            return _answer(body, well=False)
        return _answer(body | ({"proved": proved} if operator else {}), well=True)

    @router.get("/metrics", operation_id="metrics_read")
    def metrics(request: Request) -> Response:
        """Return the metrics, in Prometheus's format."""
        return Response(request.app.state.metrics.text(), media_type=METRICS_TYPE)

    return router


def _answer(body: dict[str, Any], *, well: bool) -> Response:
    status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(body, status, NO_STORE)
