"""Webhooks: an owner says where it is told of what happens to it (I2).

``docs/webhooks.md``. ``tests/api/test_webhooks.py``.
"""

from datetime import UTC, datetime
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from api.access.asking import Asked
from api.access.reach import Parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id
from api.stating import Private
from domain.webhooks.address import parse_target

OWNER_PATTERN = "^[A-Za-z0-9_-]{1,64}$"


class NewWebhook(Private):
    """An endpoint of an owner's."""

    owner: str = Field(
        pattern=OWNER_PATTERN,
        description="Whose events are told: the merchant or client itself.",
        examples=["M-LAN"],
    )
    url: str = Field(
        min_length=1, max_length=2_000, description="https://host/path, a public place."
    )
    types: list[Annotated[str, Field(pattern=r"^[a-z_]+\.[a-z_]+$")]] = Field(
        default=[], max_length=100, description="Only events of these types; default: all."
    )


def webhook_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of webhooks."""
    router = APIRouter(prefix="/v1", tags=["webhooks"])

    @command_route(router, "/webhooks", answer=_registered, operation_id="webhooks_register")
    def register_webhook(body: NewWebhook, asked: Asked) -> Task:
        """Register an endpoint; the answer shows the keys that it verifies with, once.

        They are shown to the same Idempotency-Key again for ten minutes.
        """
        asked.object(body.owner, lambda: Parties(owner=body.owner))
        parse_target(body.url, sandbox=ledger.settings.webhook_sandbox)
        webhook, types = new_id("whk"), tuple(body.types)

        def shown(done: Recorded) -> dict[str, Any]:
            # A crash before this line: it is on record and not called, until the same key
            # asks again, within ten minutes, or it is registered once more.
            registered = done.one("webhook.registered").stream
            ledger.outbox.add(registered, body.owner, body.url, types)
            return {"keys": _keys(ledger, registered)}

        return Task(
            lambda command: ledger.trade.register_webhook(
                command, webhook, body.owner, body.url, types
            ),
            shown=shown,
        )

    @router.get("/webhooks", operation_id="webhooks_list")
    def list_webhooks(
        asked: Asked, owner: Annotated[str, Query(pattern=OWNER_PATTERN)]
    ) -> dict[str, Any]:
        """Return an owner's endpoints; of a URL its host alone, for its path may hold a secret."""
        asked.object(owner, lambda: Parties(owner=owner))
        items = [
            {
                "webhook": each.id,
                "host": parse_target(each.url, sandbox=True).host,
                "types": list(each.types),
                "state": each.state,
            }
            for each in ledger.outbox.endpoints()
            if each.subject == owner
        ]
        return {"owner": owner, "items": items}

    return router


def _keys(ledger: Deployment, webhook: str) -> list[str]:
    now = datetime.fromtimestamp(time(), UTC)
    [endpoint] = (each for each in ledger.outbox.endpoints() if each.id == webhook)
    return [each.spelt() for each in ledger.outbox.keys(endpoint, now)]


def _registered(done: Recorded) -> dict[str, Any]:
    registered = done.one("webhook.registered")
    said = {name: registered.data[name] for name in ("owner", "host", "types")}
    return {"webhook": registered.stream, **said, **done.receipt()}
