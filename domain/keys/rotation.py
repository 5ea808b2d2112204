"""Use cases of rotating the vault's master keys (``features.md``, E2 and U3).

The keys are made and the data keys wrapped by `chain.store.master_key` and
`chain.store.rewrapping`; here the log is told. ``tests/domain/keys/test_e2_rotation.py``.
"""

from domain.command import Command
from domain.credit.register import Register
from domain.desk import use_case
from domain.errors import WrongPartyError
from domain.keys.keyring import VAULT, Keyring


class Rotation(Register):
    """What happens to master keys."""

    def keyring(self) -> Keyring:
        """Return what the log knows of the vault's master keys."""
        return self.kept(Keyring, VAULT)

    @use_case
    def rotate_keyring(self, command: Command, old: str, new: str) -> None:
        """Record that the master key *new* follows *old*.

        Raises:
            WrongPartyError: the log's newest master key is another than *old*.
        """
        found = self.keyring()
        if found.current not in (None, old):
            raise WrongPartyError(f"{found.id}: the newest master key is {found.current}")
        found.rotate(command, old, new)

    @use_case
    def note_rewrapped(self, command: Command, current: str, newest: int, older: int) -> None:
        """Record how many data keys *current*, and how many an older master key wraps.

        Raises:
            WrongPartyError: the log's newest master key is another than *current*.
        """
        found = self.keyring()
        if found.current != current:
            raise WrongPartyError(f"{found.id}: the newest master key is {found.current}")
        found.rewrapped(command, current, newest, older)
