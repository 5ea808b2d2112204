"""Reveals: raw keys and codes, to the buyer alone (``features.md``, E9; T24).

A secret stands in the one answer to its buyer and is kept nowhere: not under the
Idempotency-Key, in no log. Each request here is told to the buyer as a read, and each view of
a raw key is an event of its own; the second takes a step-up. ``tests/api/test_reveals.py``.
"""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from time import time
from typing import Any, Final

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, SecretStr

from api.access.asking import Asked
from api.access.ledger_books import meta_of
from api.access.parties import order_parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.ids import OrderId
from api.principal import Principal
from api.stating import Private
from domain.command import Command
from domain.keys.events import StepUpMethod
from domain.keys.line import MAX_RAW_KEY_SIZE
from domain.keys.stepup import StepUp
from domain.outside.hidden import Hidden

METHODS: Final[Mapping[str, StepUpMethod]] = {
    **dict.fromkeys(("hwk", "swk", "pop", "user"), "passkey"),
    **dict.fromkeys(("face", "fpt", "iris"), "face"),
    **dict.fromkeys(("otp", "sms"), "one_time_code"),
    "pwd": "password",
}
"""How a person shows who it is, by its name in RFC 8176, the strongest first."""


class NewView(Private):
    """What a raw key is looked at for."""

    purpose: str = Field(
        default="use", pattern="^[a-z][a-z0-9_]{0,39}$", description="A word, kept in clear."
    )
    device: SecretStr | None = Field(
        default=None, min_length=1, max_length=128, description="Names the device; kept as a tag."
    )


class NewComparison(Private):
    """What the buyer says was received."""

    received: SecretStr = Field(min_length=1, max_length=MAX_RAW_KEY_SIZE)


class Comparison(BaseModel):
    """Whether it is what was sealed when the key was taken in."""

    order: str
    opens_commitment: bool


class LiveCode(BaseModel):
    """The redemption code of an order."""

    order: str
    code: str


def reveal_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of what the buyer alone sees."""
    router = APIRouter(prefix="/v1", tags=["reveals"])

    @command_route(router, "/orders/{order}/views", answer=_viewed, operation_id="keys_reveal")
    def reveal_key(order: OrderId, body: NewView, asked: Asked) -> Task:
        """Show the raw key to its buyer, once for each request; the second takes a step-up.

        The answer to the same Idempotency-Key again has no `raw_key`: ask for another view,
        with a token whose `auth_time` is of the last ten minutes and whose `amr` says how.
        """
        buyer = asked.object(order, order_parties(ledger.trade, order)).buyer
        device = Hidden(body.device.get_secret_value()) if body.device else None
        found: list[Hidden] = []

        def act(command: Command) -> None:
            now, step_up = this_moment(), step_up_of(asked.principal)
            found.append(
                ledger.trade.view_key(command, order, buyer, body.purpose, device, step_up, now)
            )

        def shown(done: Recorded) -> dict[str, Any]:
            return {"raw_key": found[-1].reveal()} if found and not done.replayed else {}

        return Task(act, buyer, "consumer", shown)

    @router.get("/orders/{order}/code", operation_id="codes_show")
    def show_code(order: OrderId, asked: Asked, response: Response) -> LiveCode:
        """Show the live redemption code of the buyer's own order."""
        asked.object(order, order_parties(ledger.trade, order), purpose="code")
        buyer = asked.principal.subject
        code = ledger.trade.show_code(_reading(ledger, asked.principal), order, buyer)
        response.headers["Cache-Control"] = "no-store"
        return LiveCode(order=order, code=code.reveal())

    @router.post("/orders/{order}/comparisons", operation_id="keys_compare")
    def compare_key(order: OrderId, body: NewComparison, asked: Asked) -> Comparison:
        """Say whether what the buyer received is what was sealed; while a dispute is open."""
        asked.object(order, order_parties(ledger.trade, order), purpose="comparison")
        received = Hidden(body.received.get_secret_value())
        command = _reading(ledger, asked.principal)
        opens = ledger.trade.opens_commitment(command, order, received)
        return Comparison(order=order, opens_commitment=opens)

    return router


def step_up_of(who: Principal) -> StepUp | None:
    """Return the proof that the person is there, which a token of a moment ago is.

    None if it is too old, or does not say how the person showed who it is.
    """
    method = next((METHODS[each] for each in METHODS if each in who.methods), None)
    if not who.stepped_up or who.authenticated_at is None or method is None:
        return None
    # An issuer's clock may be a little before ours.
    at = datetime.fromtimestamp(min(who.authenticated_at, int(time())), UTC)
    return StepUp(who.subject, f"{at:%Y-%m-%dT%H:%M:%SZ}", method)


def _reading(ledger: Deployment, who: Principal) -> Command:
    """Return a command that records nothing: what is sealed is opened by one."""
    meta = meta_of(who, f"read/{secrets.token_hex(16)}")
    return ledger.command(meta)


def _viewed(done: Recorded) -> dict[str, Any]:
    revealed = done.one("key.revealed")
    return {"key": revealed.stream, "view": revealed.data.get("view"), **done.receipt()}
