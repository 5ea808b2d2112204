"""The shelf: a merchant puts its keys up for sale, takes them off, or gives them up.

``tests/api/test_shelf.py``.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.parties import key_parties
from api.access.reach import Parties
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.idempotency.clerk import Act
from api.ids import KeyId
from api.stating import Body
from domain.keys.key import Key

MAX_KEYS = 500


class Listing(Body):
    """Keys to put on the shelf, all of one merchant."""

    keys: Annotated[list[KeyId], Field(min_length=1, max_length=MAX_KEYS)]


def shelf_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of the shelf."""
    router = APIRouter(prefix="/v1", tags=["goods"])
    trade = ledger.trade

    def by_its_merchant(key: str, asked: Asked, act: Act) -> Task:
        return Task(act, asked.object(key, key_parties(trade, key)).merchant, "merchant")

    @command_route(router, "/listings", answer=_listed, operation_id="keys_offer_many")
    def list_batch(body: Listing, asked: Asked) -> Task:
        """Put keys on the shelf, as many of them as may be; the answer names those that are.

        What is on it already, set aside or sold stays as it is. Refused if none may be listed,
        with the reason of the first.
        """
        keys = list(dict.fromkeys(body.keys))
        merchants = {asked.object(each, _merchant_of(trade.load, each)).merchant for each in keys}
        return Task(
            lambda command: trade.list_batch(command, keys, this_moment()),
            merchants.pop() if len(merchants) == 1 else None,
            "merchant",
        )

    @command_route(router, "/keys/{key}/listing", answer=_moved, operation_id="keys_offer")
    def list_key(key: KeyId, asked: Asked) -> Task:
        """Put a key on the shelf, such as one that came back with a refund."""
        return by_its_merchant(
            key, asked, lambda command: trade.list_key(command, key, this_moment())
        )

    @command_route(router, "/keys/{key}/unlisting", answer=_moved, operation_id="keys_unlist")
    def unlist_key(key: KeyId, asked: Asked) -> Task:
        """Take a key off the shelf."""
        return by_its_merchant(key, asked, lambda command: trade.unlist_key(command, key))

    @command_route(router, "/keys/{key}/voiding", answer=_moved, operation_id="keys_void")
    def void_key(key: KeyId, asked: Asked) -> Task:
        """Withdraw a key that is not on the shelf, for good."""
        return by_its_merchant(key, asked, lambda command: trade.void_key(command, key))

    return router


def _merchant_of(load: Callable[[type[Key], str], Key], key: str) -> Callable[[], Parties]:
    """Return what finds a key's merchant alone: who lists hundreds asks for no buyer."""
    return lambda: Parties(merchant=load(Key, key).merchant)


def _moved(done: Recorded) -> dict[str, Any]:
    return {"key": done.facts[0].stream, **done.receipt()}


def _listed(done: Recorded) -> dict[str, Any]:
    if not done.facts:
        # All of them were on the shelf, set aside or sold: nothing had to be done.
        return {"keys": [], "command_id": done.command_id}
    return {"keys": [each.stream for each in done.of("key.listed")], **done.receipt()}
