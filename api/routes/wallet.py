"""Money that no order needs any more: a merchant withdraws it, the bank pays it out (G8).

``tests/api/test_wallet.py``.
"""

from typing import Any

from fastapi import APIRouter

from api.access.asking import Asked
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.routes.deposits import Transferred
from api.stating import Merchant, Paid, Sum, WithdrawalId


class NewWithdrawal(Sum):
    """What a merchant wants to have paid out."""

    merchant: Merchant


def wallet_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of the wallet."""
    router = APIRouter(prefix="/v1", tags=["money"])
    trade = ledger.trade

    @command_route(router, "/withdrawals", answer=_requested, operation_id="withdrawals_request")
    def request_withdrawal(body: NewWithdrawal, asked: Asked) -> Task:
        """Take released money out of one's balance, for the bank to pay."""
        asked.acting(merchant=body.merchant)
        withdrawal = new_id("wdr")
        return Task(
            lambda command: trade.request_withdrawal(
                command, withdrawal, body.merchant, body.money
            ),
            body.merchant,
            "merchant",
        )

    @command_route(
        router,
        "/withdrawals/{withdrawal}/payment",
        answer=_paid,
        operation_id="withdrawals_pay",
    )
    def pay_withdrawal(withdrawal: WithdrawalId, body: Paid) -> Task:
        """Book that the bank has paid a withdrawal out."""
        return Task(lambda command: trade.pay_withdrawal(command, withdrawal, body.transfer))

    @command_route(router, "/guarantee/payments", answer=_funded, operation_id="guarantee_fund")
    def fund_guarantee(body: Transferred) -> Task:
        """Book money of the platform's own into the guarantee account."""
        return Task(
            lambda command: trade.fund_guarantee(command, body.money, body.transfer, this_moment())
        )

    return router


def _requested(done: Recorded) -> dict[str, Any]:
    requested = done.one("ledger.withdrawal_requested")
    said = {name: requested.data[name] for name in ("merchant", "amount", "currency")}
    return {"withdrawal": requested.stream, **said, **done.receipt()}


def _paid(done: Recorded) -> dict[str, Any]:
    paid = done.one("ledger.withdrawal_paid")
    return {"withdrawal": paid.stream, "transfer": paid.data["transfer"], **done.receipt()}


def _funded(done: Recorded) -> dict[str, Any]:
    return {"currency": done.one("ledger.posted").data["currency"], **done.receipt()}
