"""A client's own keys, who read of me, and what takes two persons.

``tests/api/access/test_matrix.py``, ``test_readings.py``, ``test_openings.py``.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.access.asking import Asked
from api.access.gate import Gate
from api.access.issuing import credential_of
from api.access.ledger_books import usage_of
from api.access.parties import client_parties, dispute_parties, opening_parties
from api.access.reach import Parties
from api.access.rows import seen_by
from api.access.signed import read_public_key
from api.access.store.usages import read_readings
from api.bootstrap import Deployment
from api.commands import Recorded, Task, command_route, new_id, this_moment
from api.stating import Body
from domain.clients.client import Client
from domain.clients.opening import OPENING_HOURS
from domain.errors import NotFoundError
from domain.identifiers import SUFFIX_PATTERN, milliseconds

ClientName = Annotated[str, Path(pattern=f"^cli_{SUFFIX_PATTERN}$")]
OpeningName = Annotated[str, Path(pattern=f"^opn_{SUFFIX_PATTERN}$")]
KeyName = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{43}$")]
PAGE: Final = 200


class NewClientKey(Body):
    """A public key that a client will show itself by."""

    public_key: dict[str, str] = Field(
        description="A JWK: OKP Ed25519 or EC P-256, no private half."
    )


class NewOpening(Body):
    """What is to be opened, and why."""

    dispute: str = Field(pattern=f"^dsp_{SUFFIX_PATTERN}$")
    value: str = Field(pattern="^[0-9a-f]{64}$", description="The digest that stands in the entry.")
    purpose: str = Field(min_length=1, max_length=200, examples=["court order (2026) 1234"])


def access_routes(ledger: Deployment, gate: Gate) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v1", tags=["access"])
    _client_routes(router, ledger)
    _opening_routes(router, ledger)

    @router.get("/readings", operation_id="readings_list")
    def readings(
        asked: Asked,
        subject: Annotated[
            str | None, Query(max_length=64, description="Default: oneself.")
        ] = None,
    ) -> dict[str, Any]:
        """Say who read of somebody, and what for; the newest last, 200 at the most."""
        whose = subject or asked.principal.subject
        asked.object(whose, lambda: Parties(owner=whose))
        with seen_by(gate.database, asked) as connection:
            found = read_readings(connection, whose, PAGE)
        items = [each | {"at": _moment_of(each["reading"])} for each in found]
        return {"subject": whose, "items": items}

    return router


def _client_routes(router: APIRouter, ledger: Deployment) -> None:
    trade = ledger.trade

    @router.get("/clients/{client}", operation_id="clients_read")
    def read_client(client: ClientName, asked: Asked) -> dict[str, Any]:
        """Return a client of one's own, and which of its keys are good."""
        asked.object(client, client_parties(trade, client))
        found = trade.load(Client, client)
        keys = [{"key": key, "good": good} for key, good in found.keys.items()]
        return {"client": client, "kind": found.kind, "scopes": list(found.scopes), "keys": keys}

    @command_route(
        router, "/clients/{client}/keys", answer=_keyed, operation_id="clients_issue_key"
    )
    def issue_key(client: ClientName, body: NewClientKey, asked: Asked) -> Task:
        """Give a client of one's own another key, so that keys change without a gap."""
        asked.object(client, client_parties(trade, client))
        credential = credential_of(read_public_key(body.public_key))
        return Task(lambda command: trade.issue_client_key(command, client, credential))

    @command_route(
        router,
        "/clients/{client}/keys/{name}/revocation",
        answer=_unkeyed,
        operation_id="clients_revoke_key",
    )
    def revoke_key(client: ClientName, name: KeyName, asked: Asked) -> Task:
        """Revoke a key of one's own client, and every token that was got with it."""
        asked.object(client, client_parties(trade, client))
        if name not in trade.load(Client, client).keys:
            raise NotFoundError
        return Task(
            lambda command: trade.revoke_client_keys(command, client, [name], "by its owner")
        )


def _opening_routes(router: APIRouter, ledger: Deployment) -> None:
    trade = ledger.trade

    @command_route(router, "/openings", answer=_asked_for, operation_id="openings_request")
    def request_opening(body: NewOpening, asked: Asked) -> Task:
        """Ask to open a sealed value of a dispute; it takes an operator's approval."""
        parties = asked.object(body.dispute, dispute_parties(trade, body.dispute))
        usage = usage_of(
            *(asked, body.dispute, parties.subjects),
            purpose=body.purpose,
            value=body.value,
            until=this_moment(OPENING_HOURS * 3_600),
        )
        opening = new_id("opn")
        return Task(lambda command: trade.request_opening(command, opening, usage))

    @command_route(
        router, "/openings/{opening}/approval", answer=_approved, operation_id="openings_approve"
    )
    def approve_opening(opening: OpeningName, asked: Asked) -> Task:
        """Approve what another person has asked for; 409 `second_person_missing` to oneself."""
        asked.object(opening, opening_parties(trade, opening))
        usage = usage_of(asked, opening, ())
        return Task(lambda command: trade.approve_opening(command, opening, usage, this_moment()))


def _keyed(done: Recorded) -> dict[str, Any]:
    issued = done.one("client.key_issued")
    return {"client": issued.stream, "key": issued.data["key"], **done.receipt()}


def _unkeyed(done: Recorded) -> dict[str, Any]:
    revoked = done.one("client.key_revoked")
    return {"client": revoked.stream, "key": revoked.data["key"], **done.receipt()}


def _asked_for(done: Recorded) -> dict[str, Any]:
    asked_for = done.one("client.usage_recorded")
    return {"opening": asked_for.stream, "until": asked_for.data["until"], **done.receipt()}


def _approved(done: Recorded) -> dict[str, Any]:
    return {"opening": done.facts[0].stream, **done.receipt()}


def _moment_of(reading: str) -> str:
    return f"{datetime.fromtimestamp(milliseconds(reading) // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
