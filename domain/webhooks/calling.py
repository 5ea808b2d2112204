"""Use cases of webhooks: to register one, to switch it off, to give a message up (I2).

``tests/api/test_f19_receiver_down.py``.
"""

from domain.command import Command
from domain.desk import Desk, use_case
from domain.webhooks.address import parse_target
from domain.webhooks.events import (
    Webhook,
    WebhookDeadLettered,
    WebhookFailed,
    WebhookRegistered,
)


class Calling(Desk):
    """Keeps on record who is told, and what was not taken."""

    @use_case
    def register_webhook(
        self, command: Command, webhook: str, owner: str, url: str, types: tuple[str, ...] = ()
    ) -> None:
        """Record that the endpoint at *url*, checked before, is told of *owner*'s events."""
        made = Webhook(webhook)
        host = parse_target(url, sandbox=True).host
        made.happen(command, WebhookRegistered(*made.follows(command), owner, host, types))

    @use_case
    def fail_webhook(self, command: Command, webhook: str, status: int) -> None:
        """Record that the endpoint wants no more."""
        found = self.load(Webhook, webhook)
        found.happen(command, WebhookFailed(*found.follows(command), status))

    @use_case
    def give_up_message(
        self, command: Command, webhook: str, number: int, index: int, attempts: int
    ) -> None:
        """Record that a message was given up."""
        found = self.load(Webhook, webhook)
        given_up = WebhookDeadLettered(*found.follows(command), number, index, attempts)
        found.happen(command, given_up)
