"""What takes two persons: asked for by one, approved by another, and good for a time only.

``reliability.md``, 4.2: `2p` needs two different accounts, and requester ≠ approver; both are
recorded. A sealed value is opened, or evidence exported by staff, on the strength of one.
``tests/api/access/test_openings.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from domain.aggregate import NEW, Aggregate, Table
from domain.clients.events import ClientUsageRecorded
from domain.command import Command
from domain.errors import IllegalTransitionError, SecondPersonMissingError, WindowOverError

OPENING_HOURS: Final = 72
"""How long a request waits for its approval, and then is good for."""

OPENING_TABLE: Table = {
    "client.usage_recorded": {NEW: "requested", "requested": "approved", "approved": "shown"}
}


class Opening(Aggregate):
    """One request."""

    TOPIC = "opening"
    PREFIX = "opn"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": OPENING_TABLE}

    __slots__ = (
        "approver",
        "object",
        "purpose",
        "requester",
        "state",
        "subjects",
        "until",
        "value",
    )

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
        self.requester = self.approver = self.object = ""
        self.purpose: str | None = None
        self.value: str | None = None
        self.until = ""
        self.subjects: tuple[str, ...] = ()

    def take(self, usage: ClientUsageRecorded) -> None:
        """Take who asked for what, then who approved it; that it was shown says no more."""
        if self.requester:
            self.approver = self.approver or usage.meta.actor
            return
        self.requester, self.object, self.value = usage.meta.actor, usage.object, usage.value
        self.until, self.subjects, self.purpose = usage.until or "", usage.subjects, usage.purpose

    def request(self, command: Command, usage: ClientUsageRecorded) -> None:
        """Record that it is asked for."""
        self.happen(command, usage)

    def approve(self, command: Command, usage: ClientUsageRecorded, now: str) -> None:
        """Record the second person's word; at *now*, RFC 3339 in UTC.

        Raises:
            SecondPersonMissingError: it is the first person again.
            WindowOverError: the request has ended.
            IllegalTransitionError: it is approved already.
        """
        if self.state != "requested":
            raise IllegalTransitionError(self.id, usage.TOPIC, self.state)
        if command.meta.actor == self.requester:
            raise SecondPersonMissingError(f"{self.id}: whoever asks does not approve")
        self.check_in_time(now)
        self.happen(command, usage)

    def show(self, command: Command, usage: ClientUsageRecorded, now: str) -> None:
        """Record that the value is shown to whoever asked for it: once; at *now*.

        Raises:
            SecondPersonMissingError: nobody has approved it, or another asked for it.
            WindowOverError: it has ended.
            IllegalTransitionError: it was shown already.
        """
        if self.state == "shown":
            raise IllegalTransitionError(self.id, usage.TOPIC, self.state)
        self.check_good(command.meta.actor, self.object, now)
        self.happen(command, usage)

    def check_good(self, requester: str, thing: str, now: str) -> None:
        """Refuse unless *requester* may open *thing* on the strength of this, at *now*.

        Raises:
            SecondPersonMissingError: another asked for it, or for something else, or nobody
                has approved it.
            WindowOverError: it has ended.
        """
        if self.state != "approved" or (self.requester, self.object) != (requester, thing):
            raise SecondPersonMissingError(
                "a second person's approval of this very thing is missing"
            )
        self.check_in_time(now)

    def check_in_time(self, now: str) -> None:
        """Refuse what has ended.

        Raises:
            WindowOverError: it has.
        """
        if now >= self.until:
            raise WindowOverError(f"{self.id}: was good until {self.until}: ask anew")
