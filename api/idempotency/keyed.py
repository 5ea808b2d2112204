"""A command under a key: the key's row is written in the transaction of its events."""

from chain.register import RegisterRow
from domain.command import Command
from domain.errors import ConcurrentChangeError
from domain.event import Meta
from domain.sealing import Entropy, Sealer


class KeyedCommand(Command):
    """Carries the key's row along, also where a use case decides anew.

    Args:
        meta: who asks and how; its command id is the key's.
        sealer: keeps secret and personal values.
        entropy: where salts and codes come from.
        row: the key's; if the register has one already, somebody else was faster.
    """

    __slots__ = ("_row",)

    def __init__(self, meta: Meta, sealer: Sealer, entropy: Entropy, row: RegisterRow) -> None:
        super().__init__(meta, sealer, entropy)
        self._row = row
        self._keep_row()

    def anew(self) -> "KeyedCommand":
        """Return the same command, with nothing in it but the key's row."""
        return KeyedCommand(self.meta, self._sealer, self._entropy, self._row)

    def begin_anew(self) -> None:
        """Forget all that has happened in it, but for the key's row."""
        super().begin_anew()
        self._keep_row()

    def _keep_row(self) -> None:
        self.keep(self._row, ConcurrentChangeError("this key has its answer already"))
