"""An API client: who it is, what it may ask for, and the keys that it shows itself by (I1).

A key that was issued once and revoked is never issued again. ``tests/api/access/``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.clients.events import ClientCallRefused, ClientKeyIssued, ClientKeyRevoked
from domain.clients.events import ClientRegistered as Registered
from domain.command import Command
from domain.errors import IllegalTransitionError, SecondPersonMissingError

OF_ITS_OWN = frozenset({"consumer", "merchant", "platform_client"})
"""Kinds that see no more than their own affairs; every other one takes two persons to make."""

CLIENT_TABLE: Table = {
    "client.registered": {NEW: "registered"},
    "client.key_issued": {"registered": "registered"},
    "client.key_revoked": {"registered": "registered"},
    "client.call_refused": {"registered": "registered"},
}


class Client(Aggregate):
    """One client by its identifier."""

    TOPIC = "client"
    PREFIX = "cli"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": CLIENT_TABLE}

    __slots__ = ("keys", "kind", "scopes", "state", "subject")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.kind = ""
        self.subject = ""
        self.scopes: tuple[str, ...] = ()
        self.keys: dict[str, bool] = {}
        """Whether each of them is good."""

    def register(self, command: Command, registered: Registered) -> None:
        """Record the client.

        Raises:
            SecondPersonMissingError: such a client takes another person's approval.
        """
        approver = registered.approver
        if registered.kind not in OF_ITS_OWN and approver in (None, command.meta.actor):
            raise SecondPersonMissingError(
                f"a client of kind {registered.kind} sees what is not its own: it takes an"
                " approver who is not the one that makes it"
            )
        self.happen(command, registered)

    def issue_key(self, command: Command, issued: ClientKeyIssued) -> None:
        """Record a key.

        Raises:
            IllegalTransitionError: it was issued before.
        """
        if issued.key in self.keys:
            raise IllegalTransitionError(self.id, issued.TOPIC, "the owner of that key already")
        self.happen(command, issued)

    def revoke_key(self, command: Command, revoked: ClientKeyRevoked) -> None:
        """Record that a key is good no longer.

        Raises:
            IllegalTransitionError: it is none of the client's, or was revoked before.
        """
        if not self.keys.get(revoked.key):
            raise IllegalTransitionError(self.id, revoked.TOPIC, "without that key")
        self.happen(command, revoked)

    def refuse_call(self, command: Command, refused: ClientCallRefused) -> None:
        """Record that a call in its name was refused."""
        self.happen(command, refused)
