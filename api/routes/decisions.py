"""What becomes of merchants that were let in: two persons of the staff decide (B4, B6).

The first proposes, the second, who is another one, carries it out: a vote of the same person
twice is 409. ``tests/api/test_decisions.py``.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.routes.documents import Filed, MerchantName, papers_of
from api.stating import Body, Category, Moment, Operator, Reason, Why
from domain.qualification.decisions import Decision
from domain.qualification.qualification import Scope

CategoryName = Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,39}$")]


class Proposal(Body):
    """What the first of two persons votes for."""

    purpose: Decision
    reason: Reason


class Allowance(Body):
    """Goods of a category, of an operator, up to a moment."""

    category: Category
    valid_until: Moment
    operator: Operator | None = None
    documents: list[Filed] = Field(default=[], max_length=50)

    def scope(self, ledger: Deployment, merchant: str) -> Scope:
        """Return the same for a use case."""
        papers = papers_of(ledger, merchant, self.documents)
        return Scope(self.category, self.valid_until, self.operator, papers)


class ProposedAllowance(Allowance):
    """What the first of two persons votes for."""

    reason: Reason


def decision_routes(ledger: Deployment) -> APIRouter:
    """Return the routes of decisions."""
    router = APIRouter(prefix="/v1", tags=["qualification"])
    trade = ledger.trade
    path = "/merchants/{merchant}/qualification"

    @command_route(
        router, f"{path}/proposals", answer=_decided, operation_id="qualifications_propose"
    )
    def propose_decision(merchant: MerchantName, body: Proposal) -> Task:
        """Vote, as the first, to suspend a merchant, to reinstate it or to shut it out."""
        return Task(
            lambda command: trade.propose_decision(
                command, merchant, body.purpose, body.reason, this_moment()
            )
        )

    @command_route(
        router, f"{path}/suspension", answer=_decided, operation_id="qualifications_suspend"
    )
    def suspend_qualification(merchant: MerchantName, body: Why) -> Task:
        """Stop a merchant's trade, as the second; orders that are paid run to their end."""
        return Task(
            lambda command: trade.suspend_qualification(
                command, merchant, body.reason, this_moment()
            )
        )

    @command_route(
        router, f"{path}/reinstatement", answer=_decided, operation_id="qualifications_reinstate"
    )
    def reinstate_qualification(merchant: MerchantName, body: Why) -> Task:
        """Let a suspended merchant trade again, as the second."""
        return Task(
            lambda command: trade.reinstate_qualification(
                command, merchant, body.reason, this_moment()
            )
        )

    @command_route(
        router, f"{path}/revocation", answer=_decided, operation_id="qualifications_revoke"
    )
    def revoke_qualification(merchant: MerchantName, body: Why) -> Task:
        """Shut a merchant out for good, as the second; its badges are revoked."""
        return Task(
            lambda command: trade.revoke_qualification(
                command, merchant, body.reason, this_moment()
            )
        )

    _scope_routes(router, ledger)
    return router


def _scope_routes(router: APIRouter, ledger: Deployment) -> None:
    trade = ledger.trade
    path = "/merchants/{merchant}/scopes"

    @command_route(router, f"{path}/proposals", answer=_decided, operation_id="scopes_propose")
    def propose_scope(merchant: MerchantName, body: ProposedAllowance) -> Task:
        """Vote, as the first, for goods that a merchant may list."""
        scope = body.scope(ledger, merchant)
        return Task(
            lambda command: trade.propose_scope(
                command, merchant, scope, ledger.documents, body.reason, this_moment()
            )
        )

    @command_route(router, path, answer=_decided, operation_id="scopes_grant")
    def grant_scope(merchant: MerchantName, body: Allowance) -> Task:
        """Grant the same scope, as the second; the goods' badge is issued with it."""
        scope, certificate = body.scope(ledger, merchant), new_id("cer")
        signer = ledger.issuer
        return Task(
            lambda command: trade.grant_scope(
                command, merchant, scope, ledger.documents, certificate, signer, this_moment()
            )
        )

    @command_route(
        router,
        f"{path}/{{category}}/end-proposals",
        answer=_decided,
        operation_id="scopes_propose_end",
    )
    def propose_scope_end(merchant: MerchantName, category: CategoryName, body: Why) -> Task:
        """Vote, as the first, for the end of a scope."""
        return Task(
            lambda command: trade.propose_scope_end(
                command, merchant, category, body.reason, this_moment()
            )
        )

    @command_route(router, f"{path}/{{category}}/end", answer=_decided, operation_id="scopes_end")
    def end_scope(merchant: MerchantName, category: CategoryName, body: Why) -> Task:
        """End a scope, as the second; its badge is revoked."""
        return Task(
            lambda command: trade.end_scope(command, merchant, category, body.reason, this_moment())
        )


def _decided(done: Recorded) -> dict[str, Any]:
    # A second person's vote is an entry before what it decides.
    last = [each for each in done.facts if each.type.startswith("qualification.")][-1]
    badges = [each.stream for each in done.of("certificate.issued")]
    said = {"certificate": badges[0]} if badges else {}
    merchant = last.stream.removeprefix("qualification/")
    return {"merchant": merchant, "outcome": last.type, **said, **done.receipt()}
