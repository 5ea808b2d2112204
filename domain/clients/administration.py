"""Use cases of API clients, of reads, and of what takes two persons (I1; ``reliability.md``, 4.2).

``tests/api/access/``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.clients.client import Client
from domain.clients.events import (
    CallRefusal,
    ClientCallRefused,
    ClientKeyIssued,
    ClientKeyRevoked,
    ClientRegistered,
    ClientUsageRecorded,
    KeyMethod,
    PrincipalKind,
)
from domain.clients.opening import Opening
from domain.clients.reading import Reading
from domain.clients.register import CLIENT_KEYS
from domain.command import Command
from domain.desk import Desk, use_case


@dataclass(frozen=True, slots=True)
class Registration:
    """Who a client is."""

    name: str
    kind: PrincipalKind
    subject: str
    scopes: tuple[str, ...]
    approver: str | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """What a client shows itself by: a public key, or the SHA-256 of a random secret."""

    key: str
    method: KeyMethod
    public_key: str | None = None
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What somebody did with a client."""

    kind: PrincipalKind
    operation: str
    object: str
    subjects: tuple[str, ...]
    client: str | None = None
    purpose: str | None = None
    value: str | None = None
    until: str | None = None

    def members(self) -> dict[str, Any]:
        """Return the payload."""
        return {name: getattr(self, name) for name in self.__slots__}


class Administration(Desk):
    """Clients, their keys, and what they did."""

    @use_case
    def register_client(
        self, command: Command, client: str, registration: Registration, credential: Credential
    ) -> None:
        """Make a client with its first key.

        Raises:
            SecondPersonMissingError: the kind takes two persons.
            IllegalTransitionError: there is one of that name.
        """
        made = Client(client)
        members = {name: getattr(registration, name) for name in registration.__slots__}
        made.register(command, ClientRegistered(*made.follows(command), **members))
        _issue(command, made, credential)

    @use_case
    def issue_client_key(self, command: Command, client: str, credential: Credential) -> None:
        """Give a client another key, so that keys can be changed without a gap.

        Raises:
            NotFoundError: there is no such client.
            IllegalTransitionError: the key was issued before.
        """
        _issue(command, self.load(Client, client), credential)

    @use_case
    def revoke_client_keys(
        self, command: Command, client: str, keys: Sequence[str], reason: str
    ) -> None:
        """Revoke *keys* of a client; none named means all that are good.

        Raises:
            NotFoundError: there is no such client.
            IllegalTransitionError: one of them is none of its good keys.
        """
        found = self.load(Client, client)
        rows = {row[1]: row for row in self.rows_of(CLIENT_KEYS, client=client)}
        for key in keys or [each for each, good in found.keys.items() if good]:
            found.revoke_key(command, ClientKeyRevoked(*found.follows(command), key, reason))
            known = dict(zip(CLIENT_KEYS.columns, rows[key], strict=True))
            command.keep(CLIENT_KEYS.put(**known | {"revoked": True}))

    @use_case
    def refuse_call(
        self, command: Command, client: str, cause: CallRefusal, operation: str | None
    ) -> None:
        """Record that a call in a client's name was refused.

        Raises:
            NotFoundError: there is no such client.
        """
        found = self.load(Client, client)
        found.refuse_call(command, ClientCallRefused(*found.follows(command), cause, operation))

    @use_case
    def record_usage(self, command: Command, reading: str, usage: Usage) -> None:
        """Record a read, under the new identifier *reading*."""
        made = Reading(reading)
        made.record(command, ClientUsageRecorded(*made.follows(command), **usage.members()))

    @use_case
    def request_opening(self, command: Command, opening: str, usage: Usage) -> None:
        """Ask for what takes two persons, under the new identifier *opening*."""
        made = Opening(opening)
        made.request(command, ClientUsageRecorded(*made.follows(command), **usage.members()))

    @use_case
    def approve_opening(self, command: Command, opening: str, usage: Usage, now: str) -> None:
        """Approve what another has asked for; at *now*.

        Raises:
            NotFoundError: there is no such request.
            SecondPersonMissingError: it is the first person again.
            WindowOverError: the request has ended.
            IllegalTransitionError: it is approved already.
        """
        found = self.load(Opening, opening)
        members = usage.members() | {"object": found.object, "subjects": found.subjects}
        found.approve(command, ClientUsageRecorded(*found.follows(command), **members), now)

    @use_case
    def show_opening(self, command: Command, opening: str, usage: Usage, now: str) -> None:
        """Record that an approved value is shown to whoever asked for it; at *now*.

        Raises:
            NotFoundError: there is no such request.
            SecondPersonMissingError: nobody has approved it, or another asked for it.
            WindowOverError: it has ended.
            IllegalTransitionError: it was shown already.
        """
        found = self.load(Opening, opening)
        found.show(command, ClientUsageRecorded(*found.follows(command), **usage.members()), now)


def _issue(command: Command, client: Client, credential: Credential) -> None:
    issued = ClientKeyIssued(
        *client.follows(command), credential.key, credential.method, credential.public_key
    )
    client.issue_key(command, issued)
    row = CLIENT_KEYS.new(
        client=client.id,
        key=credential.key,
        kind=client.kind,
        subject=client.subject,
        scopes=" ".join(client.scopes),
        method=credential.method,
        public_key=credential.public_key,
        secret=credential.secret,
        revoked=False,
    )
    command.keep(row)
