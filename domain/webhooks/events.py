"""The life of a webhook in the log: registered, failed for good, a message given up (I2).

That a message was delivered stands in the outbox and not in the log: it would double the log,
and the feed is the record. ``tests/api/test_f19_receiver_down.py``.
"""

from collections.abc import Mapping
from typing import ClassVar

from domain.aggregate import NEW, Aggregate, Table
from domain.event import Event, event
from domain.payload import Count

WEBHOOK_TABLE: Table = {
    "webhook.registered": {NEW: "on"},
    "webhook.failed": {"on": "gone"},
    "webhook.dead_lettered": {"on": "on"},
}


@event("webhook.registered")
class WebhookRegistered(Event):
    """An endpoint will be told of its owner's events. Its URL may hold a secret and is not here."""

    owner: str
    """The merchant or client; not a member ``merchant``: this is no event of the owner's trade."""
    host: str
    types: tuple[str, ...]
    """Types that it is told of; none means all."""


@event("webhook.failed")
class WebhookFailed(Event):
    """The endpoint is switched off: it has answered that it is gone."""

    status: Count


@event("webhook.dead_lettered")
class WebhookDeadLettered(Event):
    """A message was given up; the feed has it."""

    number: Count
    """Of the event in its owner's feed."""
    index: Count
    attempts: Count


class Webhook(Aggregate):
    """One endpoint."""

    TOPIC = "webhook"
    PREFIX = "whk"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": WEBHOOK_TABLE}

    __slots__ = ("state",)

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = NEW
