"""Callbacks of payment channels: the raw body, verified before anything of it is read.

The sender hears that its callback was taken, or that it is not accepted: never why, and
nothing of any order (T06). ``tests/api/test_callbacks.py``.
"""

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from api.bootstrap import Deployment
from api.commands import this_moment
from domain.errors import CallbackRefusedError, ConcurrentChangeError
from domain.payments.callback import HEADERS, MAX_BODY, Delivery


def callback_routes(ledger: Deployment) -> APIRouter:
    """Return the route that payment channels call."""
    router = APIRouter(prefix="/v1", tags=["callbacks"])

    @router.post("/callbacks/{channel}", operation_id="callbacks_receive")
    async def receive_callback(channel: str, request: Request) -> dict[str, str]:
        """Take a channel's callback; 400 `callback_refused` for whatever is not accepted."""
        body = await _raw_body(request)
        parts = {name: request.headers.get(header, "") for name, header in HEADERS.items()}
        delivery = Delivery(channel=channel, body=body, **parts)
        await run_in_threadpool(_receive, ledger, delivery)
        return {"result": "taken"}

    return router


def _receive(ledger: Deployment, delivery: Delivery) -> None:
    try:
        ledger.trade.receive_callback(
            delivery,
            ledger.connections,
            this_moment(),
            ledger.command,
        )
    except ConcurrentChangeError:
        # The channel has done nothing wrong, and is to say it again.
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None


async def _raw_body(request: Request) -> bytes:
    """Return the body byte for byte; no more of it is read than a callback may have."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise CallbackRefusedError(f"body: longer than {MAX_BODY} bytes")
    return bytes(body)
