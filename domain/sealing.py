"""What the domain asks of the vault: to keep a secret or personal value outside the log.

``formats.md``, section 3. The domain decides what is sealed, for which data subject and
with which salt; `chain.store.vault.Vault` encrypts it, and the recorder saves the row in
the transaction of the entry that refers to it. Tests use `tests/domain/given.py`'s own.
"""

from typing import Protocol

from chain.sealed import SealedValue


class SealedRow(Protocol):
    """A sealed value, encrypted, on its way to the vault's table."""

    @property
    def digest(self) -> bytes:
        """SHA-256 by which the entry refers to it."""


class Sealer(Protocol):
    """Seals, opens and tags values; `chain.store.vault.Vault` is the real one."""

    def seal(self, subject: str, value: object, salt: bytes) -> SealedRow:
        """Return *value*, salted and encrypted under the data key of *subject*."""

    def open(self, digest: bytes) -> SealedValue:
        """Return the sealed value that *digest* names.

        Raises:
            ChainError: none is kept, it does not open, or the vault is out of reach.
        """

    def tag(self, kind: str, *parts: str) -> str:
        """Return the keyed digest that stands for *parts*, by which they are found again."""

    def tags(self, kind: str, *parts: str) -> list[str]:
        """Return the tags of *parts* under every key that was ever used, the newest first."""


class Entropy(Protocol):
    """Where salts and codes come from; in production the system's random source."""

    def __call__(self, size: int, /) -> bytes:
        """Return *size* random bytes."""
