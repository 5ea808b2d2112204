"""Redemptions: a buyer types a code. ``tests/api/test_redemptions.py``.

One answer for every cause of refusal: the same status, words, length and time. What the code
opens is answered once, to the request that redeemed it.
"""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field, SecretStr

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.ids import BuyerId, ProductId
from api.pace import Pace
from api.stating import Private
from domain.command import Command
from domain.errors import CodeRefusedError
from domain.keys.redemption import Attempt, Redeemed
from domain.outside.hidden import Hidden


class NewRedemption(Private):
    """A code that somebody typed."""

    buyer: BuyerId
    code: SecretStr = Field(max_length=64, description="As it was typed.")
    device: SecretStr | None = Field(
        default=None, min_length=1, max_length=128, description="Names the device; kept as a tag."
    )
    product: ProductId | None = Field(
        default=None, description="Whose page it was typed on, if it was one's."
    )


def redemption_routes(ledger: Deployment, pace: Pace | None = None) -> APIRouter:
    """Return the routes of redemptions, whose answers keep *pace*."""
    router = APIRouter(prefix="/v1", tags=["redemptions"])
    kept = pace or Pace()

    @command_route(
        router,
        "/redemptions",
        answer=_redeemed,
        within=kept.keeping,
        operation_id="redemptions_redeem",
    )
    def redeem_code(body: NewRedemption, asked: Asked, request: Request) -> Task:
        """Redeem a code; 422 `code_refused` whatever speaks against it."""
        asked.acting(buyer=body.buyer)
        attempt = Attempt(
            body.buyer,
            Hidden(body.code.get_secret_value()),
            Hidden(body.device.get_secret_value()) if body.device else None,
            Hidden(request.client.host) if request.client else None,
            body.product,
        )
        found: list[Redeemed] = []

        def act(command: Command) -> None:
            found.append(ledger.trade.redeem_code(command, attempt, this_moment()))

        def shown(done: Recorded) -> dict[str, Any]:
            raw_key = found[0].raw_key if found and not done.replayed else None
            return {} if raw_key is None else {"raw_key": raw_key.reveal()}

        return Task(act, body.buyer, "consumer", shown)

    return router


def _redeemed(done: Recorded) -> dict[str, Any]:
    if done.of("key.activation_refused"):
        raise CodeRefusedError
    return {"key": done.one("key.activated").stream, **done.receipt()}
