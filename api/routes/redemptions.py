"""Redemptions: a buyer types a code. ``tests/api/test_redemptions.py``.

One answer for every cause of refusal: the same status, words, length and time. What the code
opens is answered once, to the request that redeemed it.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import IdempotencyKey, Recorded, perform
from api.pace import Pace
from domain.command import Command
from domain.errors import CodeRefusedError
from domain.identifiers import SUFFIX_PATTERN
from domain.keys.redemption import Attempt, Redeemed, read_typed
from domain.keys.register import CODE, CODES
from domain.outside.hidden import Hidden

BuyerId = Annotated[str, Field(pattern=f"^usr_{SUFFIX_PATTERN}$")]
ProductId = Annotated[str, Field(pattern=f"^prd_{SUFFIX_PATTERN}$")]


class NewRedemption(BaseModel):
    """A code that somebody typed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

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

    @router.post("/redemptions", status_code=201, operation_id="redemptions_redeem")
    def redeem_code(
        body: NewRedemption,
        asked: Asked,
        request: Request,
        response: Response,
        key: IdempotencyKey = None,
    ) -> dict[str, Any]:
        """Redeem a code; 422 `code_refused` whatever speaks against it."""
        asked.acting(buyer=body.buyer)
        with kept.keeping():
            attempt = Attempt(
                body.buyer,
                Hidden(body.code.get_secret_value()),
                Hidden(body.device.get_secret_value()) if body.device else None,
                Hidden(request.client.host) if request.client else None,
                body.product,
            )
            found: list[Redeemed] = []

            def act(command: Command) -> None:
                now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
                found.append(ledger.trade.redeem_code(command, attempt, now))

            done = perform(
                ledger,
                key,
                (body.buyer, "consumer"),
                act,
                lambda recorded: _is_of(ledger, recorded, attempt),
            )
            if done.of("key.activation_refused"):
                raise CodeRefusedError
        response.headers.update(done.headers)
        response.headers["Cache-Control"] = "no-store"
        [activated] = done.of("key.activated")
        answer = {"key": activated.stream, **done.receipt()}
        shown = found[0].raw_key if found else None
        return answer if shown is None else answer | {"raw_key": shown.reveal()}

    return router


def _is_of(ledger: Deployment, recorded: Recorded, attempt: Attempt) -> bool:
    """Say whether *recorded* is what came of *attempt*."""
    tags = ledger.vault.tags(CODE, read_typed(attempt.code)[0])
    refused = recorded.of("key.activation_refused")
    if refused:
        data = refused[0].data
        return data["account"] == attempt.account and data["code"] in tags
    rows = [row for tag in tags for row in ledger.trade.rows_of(CODES, tag=tag)]
    return any(
        each.data["buyer"] == attempt.account and any(row[1] == each.stream for row in rows)
        for each in recorded.of("key.activated")
    )
