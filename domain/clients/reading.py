"""A read of what concerns others: a stream of its own, so that readers never wait for readers.

``reliability.md``, T8: every read of evidence is an event that the subject can see.
``tests/api/access/test_readings.py``.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from chain.register import Register
from domain.aggregate import NEW, Aggregate, Table
from domain.clients.events import ClientUsageRecorded
from domain.command import Command

READINGS: Final = Register(
    "readings",
    {
        "subject": "text",
        "reading": "text",
        "reader": "text",
        "kind": "text",
        "operation": "text",
        "object": "text",
        "purpose": "text",
    },
    key=("subject", "reading"),
)
"""By whom it concerns: what was read, so that each can be told who read of them."""


class Reading(Aggregate):
    """One read."""

    TOPIC = "reading"
    PREFIX = "use"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": {"client.usage_recorded": {NEW: "read"}}}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW

    def take(self, usage: ClientUsageRecorded) -> None:
        """Take nothing: a read changes nothing."""

    def record(self, command: Command, usage: ClientUsageRecorded) -> None:
        """Record it, and tell it to everybody whom it concerns."""
        self.happen(command, usage)
        for subject in usage.subjects:
            row = READINGS.new(
                subject=subject,
                reading=self.id,
                reader=command.meta.actor,
                kind=usage.kind,
                operation=usage.operation,
                object=usage.object,
                purpose=usage.purpose,
            )
            command.keep(row)
