"""The vault's master keys in the log: when one followed another, and what it wraps (E2, U3).

One stream a ring. The keys themselves never leave where they are kept; the log names them
by their ids. Rewrapping is stated as what is so after it, not as a difference, so that a run
that died before its event is made good by the next one.
``tests/domain/keys/test_e2_rotation.py``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

from domain.aggregate import Aggregate, Table
from domain.command import Command
from domain.event import Event, event
from domain.payload import Count, Pattern

MasterKeyId = Annotated[str, Pattern("[a-z][a-z0-9_]{0,63}")]

KEYRING_TABLE: Table = {
    "key.keyring_rotated": {"whole": "older_in_use", "older_in_use": "older_in_use"},
    "key.rewrapped": {"older_in_use": "older_in_use", "whole": "whole"},
}
VAULT: Final = "vault"
"""The ring of a deployment's vault."""


@event("key.keyring_rotated")
class KeyKeyringRotated(Event):
    """A new master key wraps what is new; the older ones still open what they wrapped."""

    old: MasterKeyId
    new: MasterKeyId

    def _apply(self, keyring: "Keyring") -> None:
        keyring.current, keyring.newest, keyring.older = self.new, 0, None


@event("key.rewrapped")
class KeyRewrapped(Event):
    """Data keys were wrapped anew, without anything sealed under them being opened."""

    current: MasterKeyId
    newest: Count
    """Data keys that the newest master key wraps."""
    older: Count
    """Data keys that an older one still wraps: at 0 the older ones open old backups alone."""

    def _apply(self, keyring: "Keyring") -> None:
        keyring.newest, keyring.older = self.newest, self.older
        keyring.state = "older_in_use" if self.older else "whole"


class Keyring(Aggregate):
    """What the log knows of a ring of master keys."""

    TOPIC = "keyring"
    PREFIX = "keyring/"
    MACHINES: ClassVar[Mapping[str, Table]] = {"state": KEYRING_TABLE}

    __slots__ = ("current", "newest", "older", "state")

    def __init__(self, aggregate_id: str) -> None:
        super().__init__(aggregate_id)
        self.state = "whole"
        self.current: str | None = None
        """The newest master key, None before the first rotation."""
        self.newest = 0
        self.older: int | None = None
        """Data keys under older master keys when they were last counted."""

    def rotate(self, command: Command, old: str, new: str) -> None:
        """Record that *new* follows *old*."""
        self.happen(command, KeyKeyringRotated(*self.follows(command), old, new))

    def rewrapped(self, command: Command, current: str, newest: int, older: int) -> None:
        """Record how the data keys are wrapped now."""
        self.happen(command, KeyRewrapped(*self.follows(command), current, newest, older))
