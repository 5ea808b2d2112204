"""Deposits that secure a merchant's promises, as the staff books them (C4).

``tests/api/test_deposits.py``.
"""

from typing import Any

from fastapi import APIRouter

from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.routes.documents import MerchantName
from api.stating import Body, SanctionId, Sum, Transfer


class Transferred(Sum):
    """Money that the bank has moved."""

    transfer: Transfer


class Forfeit(Body):
    """Which sanction takes of the deposit."""

    sanction: SanctionId


def deposit_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of deposits."""
    router = APIRouter(prefix="/v1/merchants/{merchant}/deposit", tags=["money"])
    trade = ledger.trade

    @command_route(router, "/demand", answer=_booked, operation_id="deposits_require")
    def require_deposit(merchant: MerchantName, body: Sum) -> Task:
        """Demand a deposit: the full one is stated, the merchant's grade says which share."""
        return Task(lambda command: trade.require_deposit(command, merchant, body.money))

    @command_route(router, "/payments", answer=_booked, operation_id="deposits_top_up")
    def top_up_deposit(merchant: MerchantName, body: Transferred) -> Task:
        """Book a payment of the merchant into its deposit."""
        return Task(
            lambda command: trade.top_up_deposit(
                command, merchant, body.money, body.transfer, this_moment()
            )
        )

    @command_route(router, "/returns", answer=_booked, operation_id="deposits_return")
    def return_deposit(merchant: MerchantName, body: Transferred) -> Task:
        """Give back what is no longer demanded, nor held for a sanction."""
        return Task(
            lambda command: trade.return_deposit(
                command, merchant, body.money, body.transfer, this_moment()
            )
        )

    @command_route(router, "/forfeits", answer=_booked, operation_id="deposits_forfeit")
    def forfeit_deposit(merchant: MerchantName, body: Forfeit) -> Task:
        """Take what a sanction takes, once it cannot be appealed or another person so decides."""
        return Task(
            lambda command: trade.forfeit_deposit(command, merchant, body.sanction, this_moment())
        )

    return router


def _booked(done: Recorded) -> dict[str, Any]:
    if not done.facts:
        # The same demand again: nothing had to be recorded.
        return {"outcome": "unchanged", "command_id": done.command_id}
    first = done.facts[0]
    names = ("amount", "currency", "base", "share", "grade", "transfer", "sanction")
    said = {name: first.data[name] for name in names if name in first.data}
    return {
        "merchant": first.data["merchant"],
        "outcome": first.type,
        **said,
        **done.receipt(),
    }
