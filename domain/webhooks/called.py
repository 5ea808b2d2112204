"""Puts on record what ended for good while endpoints were called (I2).

``tests/api/test_f19_receiver_down.py``.
"""

from domain.command import Command
from domain.event import Meta
from domain.sealing import Entropy, Sealer
from domain.webhooks.calling import Calling
from domain.webhooks.store.outbox import Ended


class Called:
    """Records ends; the same end again is recorded once."""

    def __init__(self, desk: Calling, sealer: Sealer, entropy: Entropy) -> None:
        self._desk = desk
        self._sealer = sealer
        self._entropy = entropy

    def note_end(self, ended: Ended) -> None:
        """Record that an endpoint is gone, or that a message was given up."""
        due, webhook = ended.due, ended.due.endpoint.id
        if ended.kind == "gone":
            self._desk.fail_webhook(self._command(f"{webhook}/gone"), webhook, ended.status or 0)
            return
        command = self._command(f"{webhook}/{due.number}/dead")
        self._desk.give_up_message(command, webhook, due.number, due.leaf_index, due.attempts)

    def _command(self, name: str) -> Command:
        command_id = f"policy/webhook/{name}"
        meta = Meta("webhooks", "platform", "webhooks", "timer", command_id, command_id)
        return Command(meta, self._sealer, self._entropy)
