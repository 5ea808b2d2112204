"""What is decided on persons: verified or refused, withdrawn, forgotten (A5, A7).

A person asks for its own erasure; a member of the staff agrees, who is another one than asked,
and not before every duty to keep the data is over, as the log has it at that moment. Nothing is
destroyed here: the day's ``xiyou erase`` does it, with the database's owner's rights.
``tests/api/test_persons.py``.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.access.asking import Asked
from api.access.parties import parties_of
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, this_moment
from api.duties import duty_now
from api.stating import PARTY_PATTERN, Body, Party, VerificationId
from domain.command import Command
from domain.identity.account import account_of
from domain.identity.events import RevocationCause

PartyName = Annotated[str, Path(pattern=PARTY_PATTERN)]


class Revocation(Body):
    """Why a verification is withdrawn."""

    cause: RevocationCause


class ErasureRequest(Body):
    """Whose data are to be erased."""

    party: Party


def person_routes(ledger: Deployment) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["identity"])
    trade = ledger.trade
    path = "/identities/{verification}"

    @command_route(router, f"{path}/decision", answer=_decided, operation_id="identities_decide")
    def decide_identity(verification: VerificationId) -> Task:
        """Verify the person and unlock the account, or refuse and name who disagrees."""
        return Task(lambda command: trade.decide_identity(command, verification, this_moment()))

    @command_route(router, f"{path}/revocation", answer=_decided, operation_id="identities_revoke")
    def revoke_identity(verification: VerificationId, body: Revocation) -> Task:
        """Withdraw a verification; the account's rights end with it."""
        return Task(lambda command: trade.revoke_identity(command, verification, body.cause))

    @command_route(router, "/erasures", answer=_asked_for, operation_id="erasures_ask")
    def ask_erasure(body: ErasureRequest, asked: Asked) -> Task:
        """Ask for the erasure of one's own data; from now on they are kept and not used.

        ``keep_until`` says how long a duty to keep them runs, and ``duty`` which.
        """
        asked.acting(**parties_of(body.party))

        def act(command: Command) -> object:
            now = this_moment()
            duty = duty_now(ledger, body.party, now)
            until, basis = (duty.until, duty.basis) if duty is not None else (now, None)
            return trade.ask_erasure(command, body.party, until, basis)

        return Task(act, body.party, "consumer" if body.party.startswith("usr_") else "merchant")

    @command_route(
        router, "/erasures/{party}/agreement", answer=_agreed, operation_id="erasures_agree"
    )
    def agree_to_erasure(party: PartyName) -> Task:
        """Agree to what the person, or another member of the staff, has asked for."""

        def act(command: Command) -> object:
            now = this_moment()
            return trade.erase_person(command, party, now, duty_now(ledger, party, now))

        return Task(act)

    return router


def _decided(done: Recorded) -> dict[str, Any]:
    decided = done.facts[0]
    said = {name: decided.data[name] for name in ("cause", "pairs") if name in decided.data}
    outcome = decided.type.partition(".")[2]
    return {"verification": decided.stream, "outcome": outcome, **said, **done.receipt()}


def _asked_for(done: Recorded) -> dict[str, Any]:
    asked_for = done.facts[-1]
    kept = {name: asked_for.data[name] for name in ("keep_until", "duty") if name in asked_for.data}
    return {"account": asked_for.stream, "party": asked_for.data["party"], **kept, **done.receipt()}


def _agreed(done: Recorded) -> dict[str, Any]:
    erased = done.one("privacy.erased")
    party = str(erased.data["party"])
    return {"account": account_of(party), "party": party, **done.receipt()}
