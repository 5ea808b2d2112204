"""Accounts: a party begins here, without rights until somebody verified is behind it.

A platform's client opens accounts for its own end users alone: it never names one, so that no
stranger becomes its own. ``tests/api/test_accounts.py``.
"""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api.access.asking import Asked
from api.access.reach import Granted
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id
from api.principal import Kind
from api.stating import Body

Party = Annotated[
    str,
    Field(pattern=r"^(usr_[0-7][0-9a-z]{25}|[A-Z]{1,3}(-[A-Z0-9]{1,32})?)$", examples=["M-LAN"]),
]


class NewAccount(Body):
    """Whose account is opened."""

    party: Party | None = Field(
        default=None,
        description="By default the principal's own; a platform's client leaves it out, and gets"
        " a new buyer, who is its end user from then on.",
    )


def account_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of accounts."""
    router = APIRouter(prefix="/v1", tags=["accounts"])

    @command_route(router, "/accounts", answer=_opened, operation_id="accounts_open")
    def open_account(body: NewAccount, asked: Asked) -> Task:
        """Open the account of a buyer or a merchant; 409 `state_conflict` if it has one."""
        party = _party(asked, body.party)
        # It is the client itself that acts for its end user: the same one at each retry.
        return Task(lambda command: ledger.trade.open_account(command, party))

    return router


def _party(asked: Granted, named: str | None) -> str:
    kind = asked.principal.kind
    if named is None:
        is_client = kind is Kind.PLATFORM_CLIENT
        return new_id("usr") if is_client else asked.principal.subject
    if kind is Kind.MERCHANT:
        asked.acting(merchant=named)
    else:
        asked.acting(buyer=named)
    return named


def _opened(done: Recorded) -> dict[str, Any]:
    opened = done.one("identity.account_restricted")
    return {"account": opened.stream, "party": opened.data["party"], **done.receipt()}
