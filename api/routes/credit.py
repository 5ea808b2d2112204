"""Scores: an operator has a merchant's trade looked at again (C1 to C3).

``tests/api/test_credit.py``.
"""

from typing import Any

from fastapi import APIRouter

from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route
from api.routes.documents import MerchantName
from api.tallying import Tallying


def credit_routes(ledger: Deployment) -> APIRouter:
    """Return the route of scores."""
    router = APIRouter(prefix="/v1", tags=["credit"])
    tallying = Tallying(ledger.reader)
    trade = ledger.trade

    @command_route(
        router, "/merchants/{merchant}/scores", answer=_scored, operation_id="credit_recompute"
    )
    def recompute_credit(merchant: MerchantName) -> Task:
        """Enter the score that the whole log gives; grade, weight and deposit follow it."""
        return Task(
            lambda command: tallying.with_tally(
                lambda tally: trade.recompute_credit(command, merchant, tally)
            )
        )

    return router


def _scored(done: Recorded) -> dict[str, Any]:
    scored = done.one("credit.recomputed")
    said = {name: scored.data[name] for name in ("score", "log_size", "rules")}
    changed = done.of("credit.grade_changed")
    if changed:
        said |= {"before": changed[0].data["before"], "grade": changed[0].data["after"]}
    return {"merchant": scored.data["merchant"], **said, **done.receipt()}
